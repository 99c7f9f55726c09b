"""py_webauthn on FastAPI: uvicorn server:app --workers N. Each process keeps the challenges that it gave out."""
from fastapi import FastAPI, Response
from pydantic import BaseModel
from webauthn import generate_registration_options, options_to_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

app = FastAPI()
pending: dict[str, bytes] = {}
selection = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED,
    user_verification=UserVerificationRequirement.PREFERRED,
)


class Body(BaseModel):
    user_id: str
    username: str
    display_name: str


@app.post("/{tenant}/registration/initialize")
async def initialize(tenant: str, body: Body) -> Response:
    options = generate_registration_options(
        rp_id="load.example",
        rp_name="Load",
        user_id=body.user_id.encode(),
        user_name=body.username,
        user_display_name=body.display_name,
        authenticator_selection=selection,
    )
    pending[body.user_id] = options.challenge
    return Response('{"publicKey":' + options_to_json(options) + "}", media_type="application/json")
