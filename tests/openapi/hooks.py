"""What the description says and JSON Schema has no words for."""

import schemathesis
from hypothesis import strategies

CERTIFICATE = (
    "MIIBdTCCARugAwIBAgIUWJW2zaR0cRVdFElqthlrOvkLidcwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjMx"
    "MzE4NDNaGA8yMTI2MTAzMDEzMTg0M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLCBFLS5h4rp"
    "9PQub29sbIrqJQRLCGuF2HGlMC2io35RUsKlVB+F4FeUazHrNIbR3HybWjFzfS6HIxCH03IOzcmjUzBRMB0GA1UdDgQWBBQ7xmR+"
    "o1u2+f9nvKqg/wKaLkliGjAfBgNVHSMEGDAWgBQ7xmR+o1u2+f9nvKqg/wKaLkliGjAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49"
    "BAMCA0gAMEUCIGrpR/NI3jxjyj/OUOtJJfTC6gNniUV0ZP1d9J8iAmVgAiEAlzUGOm4cAXi+kwaf9hsBpLIyY66+pDBDH9qNRtjA"
    "qwc="
)

schemathesis.openapi.format("certificate", strategies.just(CERTIFICATE))
