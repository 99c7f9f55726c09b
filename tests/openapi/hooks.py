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

# Public keys, one of each kind.
KEYS = {
    "rsa-modulus": "tckktifS2-PyVXDI6G7jhsl4HCWu1sfBmk1rd0weamDDGxbGI_q98Jpjd6w7p1dWBkLgEc80nD730ycyaiAVcMLo50y61njH8NQj"
    "GNgSdt6McVO_a-8EbxivCNNs6Q0VjhJUpH66DZvQdVB-_9ATNaWWmPLWVNc8O6t4Z3mxXiXD4mxNFMnyVx3gBSF98OIm7quZfkcE"
    "87nucZ5ANwwCv00gMPru-ZYbQVKryMoCfx3i9kGz25AEPhmLnQE4JtdOVqArlGqlCuuEDxbwSVfKl8BY2fv_aQIqKYqndZCy9Cyd"
    "Azd4-XbgOrbZqKyYoiHwyemwBsfiU3dE0m1RDQ5GCw",
    "rsa-exponent": "AQAB",
    "jwk-curve": "P-256",
    "p-256-x": "USEVFstj1WgFNJWvv7V-rgrNVI5m3UuPbht22390Beg",
    "p-256-y": "bfsdY4LXeEpHrwPUzFYU6aj9BoJM3cSN-oSklpHhnBo",
    "ed25519": "RE4p_iBxoSr3qQ2XyTvLGAkTRN5pUY8HZw8Pj34Os1A",
}
for name, value in KEYS.items():
    schemathesis.openapi.format(name, strategies.just(value))
