"""People: names as they are used, languages, and addresses whose case never matters."""

import pytest
from django.db import IntegrityError, transaction

from marketdesk.people.models import User
from marketdesk.people.party import Party


@pytest.mark.parametrize(
    ("name", "language", "given", "short"),
    [
        ("Ada Lovelace", "de", "Ada", "Ada L."),
        ("Ada King Lovelace", "en", "Ada", "Ada L."),
        ("Ada", "en", "Ada", "Ada"),
        ("Ali Ali", "tr", "Ali", "Ali A."),
        ("Nguyễn Văn An", "vi", "An", "An N."),
        ("陳大文", "zh-hant", "陳大文", "陳大文"),
        ("Chan Tai-man", "zh-hant", "Chan Tai-man", "Chan Tai-man"),
        ("  ", "en", "", ""),
    ],
)
def test_names_as_they_are_used(name: str, language: str, given: str, short: str) -> None:
    user = User(name=name, language=language)

    assert (user.given_name, user.short_name) == (given, short)
    assert user.get_full_name() == name
    assert user.get_short_name() == given


@pytest.mark.parametrize(
    ("language", "country", "reads"),
    [("tr", "DE", "tr"), ("", "DE", "de"), ("", "PT", "pt-br"), ("", "SE", "en"), ("", "", "en")],
)
def test_people_read_their_own_choice_else_their_countrys_language(language: str, country: str, reads: str) -> None:
    assert User(language=language, country=country).reading_language == reads


@pytest.mark.django_db
def test_the_case_of_an_address_never_matters() -> None:
    user = User.objects.create_user("Ada@Example.org", name="Ada")

    assert User.objects.get_by_natural_key("ADA@example.ORG") == user
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="aDA@example.org", name="Another Ada")


@pytest.mark.django_db
def test_many_customers_have_no_address() -> None:
    for number in range(2):
        user = User(external_id=f"c-{number}", name="Guest")
        user.set_unusable_password()
        user.full_clean()
        user.save()

    assert User.objects.filter(email__isnull=True).count() == 2


@pytest.mark.django_db
def test_the_operator_is_of_support_and_a_customer_is_not() -> None:
    operator = User.objects.create_superuser("op@example.org", "secret-password", name="Op")
    customer = User.objects.create_user(None, name="Guest")

    assert (operator.party, operator.is_staff, operator.is_superuser) == (Party.SUPPORT, True, True)
    assert (customer.party, customer.is_staff, customer.has_usable_password()) == (Party.CUSTOMER, False, False)
    assert operator.check_password("secret-password")


def test_no_account_is_the_clock() -> None:
    choices = User._meta.get_field("party").choices
    assert choices
    assert Party.CLOCK not in [value for value, _label in choices]
