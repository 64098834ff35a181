"""The API and its description."""

from payments_project.reading import read

API_THROTTLE_RATE = read("API_THROTTLE_RATE")
API_ANONYMOUS_THROTTLE_RATE = read("API_ANONYMOUS_THROTTLE_RATE")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "webhooks.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["webhooks.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "webhooks.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["webhooks.api.filters.StrictFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "webhooks.api.problems.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    # A provider's JSON can hold lone surrogates, which only escapes can carry.
    "UNICODE_JSON": False,
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Payments",
    "DESCRIPTION": "Billing state, the events it comes from, and what can be created at Stripe. "
    "Money is in minor units, moments are in UTC, lists are in pages: follow `next`.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "webhooks.api.schema.add_strictness",
        "webhooks.api.schema.add_problems",
    ],
}
