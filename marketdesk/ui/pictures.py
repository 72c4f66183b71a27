"""What a browser is told beside a picture that somebody sent."""

# The picture was drawn anew on arrival; this is for a browser that sees more in it than a picture.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=86400, immutable",
}
