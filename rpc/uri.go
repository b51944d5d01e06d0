package rpc

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// maxPath bounds a path, in bytes. Few systems open a longer one, and resolving the
// links in it takes quadratic time.
const maxPath = 4 << 10

// PathOfURI converts a file URI (RFC 8089) to a path on this machine. It refuses other
// schemes, other hosts, and paths that are not absolute or too long. The error is a
// *runtime.InvalidError.
func PathOfURI(uri string) (string, error) { return pathOfURI(uri, filepath.Separator == '\\') }

func pathOfURI(uri string, windows bool) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", &runtime.InvalidError{Field: fmt.Sprintf("%.200q", uri), Reason: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return refuse("is not a URI: expected file:///path")
	case u.Scheme != "file":
		return refuse("has the scheme %q: expected file", u.Scheme)
	case u.Host != "" && u.Host != "localhost":
		return refuse("is on the host %q: expected a local file", u.Host)
	case u.RawQuery != "" || u.Fragment != "":
		return refuse("has a query or a fragment: escape ? and #")
	case !strings.HasPrefix(u.Path, "/"):
		return refuse("has no absolute path")
	case strings.ContainsRune(u.Path, 0):
		return refuse("has a NUL in it")
	case len(u.Path) > maxPath:
		return refuse("has a path of %d bytes; at most %d are read", len(u.Path), maxPath)
	}
	if !windows {
		return u.Path, nil
	}
	drive := strings.TrimPrefix(u.Path, "/")
	if len(drive) < 2 || drive[1] != ':' || !isDrive(drive[0]) {
		return refuse("has no drive letter")
	}
	if len(drive) == 2 {
		drive += "/"
	}
	return strings.ToUpper(drive[:1]) + strings.ReplaceAll(drive[1:], "/", `\`), nil
}

// URIOfPath converts an absolute path on this machine to a file URI.
func URIOfPath(path string) string { return uriOfPath(path, filepath.Separator == '\\') }

func uriOfPath(path string, windows bool) string {
	if windows {
		path = "/" + strings.ReplaceAll(path, `\`, "/")
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func isDrive(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
