"""The pages that tell merchants' programmers how to call the APIs: drawn from the OpenAPI documents, with prose."""
