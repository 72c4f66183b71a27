"""Static files under names that change with their content, so that a browser asks for each only once."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names also inside our scripts' imports. A name that was never collected is used as it is."""

    support_js_module_import_aggregation = True
    manifest_strict = False
