"""Why an app gets no tokens: OAuth's own words where it has one, and one of ours where a program needs to know more."""

from enum import StrEnum


class Why(StrEnum):
    """What was wrong. Where the value is a word of RFC 6749, the server may say it by itself."""

    BAD_GRANT_TYPE = "unsupported_grant_type"
    MISSING = "missing_parameter"
    BAD_REQUEST = "invalid_request"
    BAD_CREDENTIALS = "invalid_client"
    NOT_FOR_APP = "unauthorized_client"
    BAD_SCOPE = "invalid_scope"
    BAD_VERIFIER = "invalid_grant"  # the only one that the server finds for itself
    BAD_ADDRESS = "wrong_redirect_uri"
    BAD_CODE = "unknown_code"
    CODE_EXPIRED = "expired_code"
    CODE_USED = "used_code"
    BAD_TOKEN = "unknown_refresh_token"  # noqa: S105
    TOKEN_EXPIRED = "expired_refresh_token"  # noqa: S105
    TOKEN_USED = "used_refresh_token"  # noqa: S105
    TOO_MANY = "too_many_guesses"


# For the person who writes the client. Each begins with the word of RFC 6749 that its library may know.
WORDS = {
    Why.BAD_GRANT_TYPE: "unsupported_grant_type: grant_type is authorization_code or refresh_token.",
    Why.MISSING: "invalid_request: a parameter is missing.",
    Why.BAD_REQUEST: "invalid_request: the request is not complete.",
    Why.BAD_CREDENTIALS: "invalid_client: client_id and client_secret do not belong together.",
    Why.NOT_FOR_APP: "unauthorized_client: this app cannot get tokens in this way.",
    Why.BAD_SCOPE: "invalid_scope: a renewed token may do no more than the one before.",
    Why.BAD_VERIFIER: "invalid_grant: code_verifier does not fit the code_challenge that the code was asked with.",
    Why.BAD_ADDRESS: "invalid_grant: redirect_uri is not the one that the code was sent to.",
    Why.BAD_CODE: "invalid_grant: this authorization code is not known.",
    Why.CODE_EXPIRED: "invalid_grant: this authorization code has expired.",
    Why.CODE_USED: "invalid_grant: this authorization code has been used already.",
    Why.BAD_TOKEN: "invalid_grant: this refresh token is not known.",
    Why.TOKEN_EXPIRED: "invalid_grant: this refresh token has expired.",
    Why.TOKEN_USED: "invalid_grant: this refresh token has been used already, or was revoked.",
    Why.TOO_MANY: "Too many wrong secrets came from your address. Wait a minute.",
}


class NoTokens(Exception):
    """The app gets none; `parameter` names the one that is missing."""

    def __init__(self, why: Why, words: str = "", parameter: str = "") -> None:
        super().__init__(words or WORDS[why])
        self.why, self.parameter = why, parameter
