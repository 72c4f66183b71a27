"""What a password may not be, said in the reader's language."""

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.utils.translation import gettext as _


class UnlikeAddress(UserAttributeSimilarityValidator):
    """Django's own names the field as the code does, in English."""

    def get_error_message(self) -> str:
        return _("The password is too much like your mail address.")
