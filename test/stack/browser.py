"""A browser without script: keeps cookies by their rules, follows redirects, reads forms. It counts loopback as safe, as browsers do,
so that Secure and __Host- cookies work without TLS there."""

import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request

MOST_HOPS = 12


class _Policy(http.cookiejar.DefaultCookiePolicy):
    def return_ok_secure(self, cookie, request):
        host = urllib.parse.urlsplit(request.full_url).hostname
        return True if host in ("127.0.0.1", "localhost") else super().return_ok_secure(cookie, request)

    def set_ok(self, cookie, request):
        if cookie.name.startswith("__Host-") and not (cookie.secure and cookie.path == "/" and not cookie.domain_specified):
            return False
        return super().set_ok(cookie, request)

    def return_ok(self, cookie, request):
        # Between two ports of one host only what SameSite allows would differ; the tests ask for that by themselves.
        return super().return_ok(cookie, request)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class _Forms(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.links, self.text, self._raw, self.onward = [], [], [], False, None

    def handle_starttag(self, tag, attrs):
        attrs = {name: value if value is not None else "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(attrs.get("action", ""), attrs.get("method", "get").lower(), {}))
        elif tag in ("input", "button") and self.forms and attrs.get("name"):
            if attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs:
                self.forms[-1].fields[attrs["name"]] = attrs.get("value", "")
        elif tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        elif tag == "meta" and attrs.get("http-equiv", "").lower() == "refresh":
            self.onward = attrs.get("content", "").partition("url=")[2]
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag):
        self._raw = False

    def handle_data(self, data):
        if not self._raw:
            self.text.append(data)


class Form:
    def __init__(self, action, method, fields):
        self.action, self.method, self.fields = action, method, fields


class Page:
    def __init__(self, url, status, headers, body, hops):
        self.url, self.status, self.headers, self.body, self.hops = url, status, headers, body, hops
        parsed = _Forms()
        parsed.feed(body)
        self.forms, self.links = parsed.forms, parsed.links
        # Where the browser goes next by itself: a redirect, or a page that says so.
        self.onward = headers["Location"] if status in (301, 302, 303, 307, 308) else parsed.onward
        self.text = " ".join(" ".join(parsed.text).split())

    def __repr__(self):
        return f"<{self.status} {self.url}: {self.text[:200]}>"

    def form(self, field=None):
        """The first form, or the first that has this field."""
        for form in self.forms:
            if field is None or field in form.fields:
                return form
        raise AssertionError(f"no form with {field} on {self!r}")


class Browser:
    def __init__(self, agent="Mozilla/5.0 (X11; Linux x86_64) test", context=None):
        self.jar = http.cookiejar.CookieJar(_Policy(rfc2965=False))
        handlers = [_Stay, urllib.request.HTTPCookieProcessor(self.jar), urllib.request.ProxyHandler({})]
        if context is not None:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        self.opener = urllib.request.build_opener(*handlers)
        self.agent = agent

    def once(self, url, fields=None, headers=None):
        """One request, no redirect followed."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(url, data=data, headers={"User-Agent": self.agent, **(headers or {})})
        try:
            answer = self.opener.open(request, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        body = answer.read().decode("utf-8", "replace")
        return Page(url, answer.status, answer.headers, body, [])

    def follow(self, page):
        hops = []
        while page.onward and len(hops) < MOST_HOPS:
            hops.append(page)
            page = self.once(urllib.parse.urljoin(page.url, page.onward))
        page.hops = hops
        return page

    def get(self, url, **options):
        return self.follow(self.once(url, **options))

    def post(self, url, fields, **options):
        return self.follow(self.once(url, fields, **options))

    def submit(self, page, form=None, follow=True, **fields):
        """The form as a person would send it, with these fields filled in."""
        form = form or page.form()
        url = urllib.parse.urljoin(page.url, form.action) if form.action else page.url
        values = {**form.fields, **fields}
        if form.method == "get":
            answer = self.once(url + "?" + urllib.parse.urlencode(values))
        else:
            answer = self.once(url, values)
        return self.follow(answer) if follow else answer

    def cookies(self):
        return {cookie.name: cookie for cookie in self.jar}


__all__ = ["Browser", "Form", "Page"]
