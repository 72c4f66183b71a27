"""Who a token is for."""

from ninja import Router, Schema

from marketdesk.api.v3.keys import Bearer, ProgramRequest

router = Router(tags=["Access"])


class Whose(Schema):
    merchant_id: str


@router.get("/oauth/test", auth=Bearer(), response=Whose, summary="Test an access token")
def test(request: ProgramRequest) -> Whose:
    """Answers the id of the store that the token is for."""
    return Whose(merchant_id=request.auth.merchant.public_id)
