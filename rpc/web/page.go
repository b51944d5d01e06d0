package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
)

//go:embed page
var files embed.FS

// asset is one file of the page.
type asset struct {
	kind string // media type
	tag  string // entity tag
	body []byte
}

var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func newAsset(kind string, body []byte) asset {
	sum := sha256.Sum256(body)
	return asset{kind, `"` + hex.EncodeToString(sum[:8]) + `"`, body}
}

// pageFiles are the files of the page.
type pageFiles struct {
	assets map[string]asset // by URL path
	style  string           // the style's hash, in the format of a content security policy
}

// styleMark is the place of the style sheets, in the order of their names. They are
// inline because fetching them would delay the first paint.
const styleMark = "<style></style>"

// readPage reads the page's files.
func readPage() (pageFiles, error) {
	p := pageFiles{assets: map[string]asset{}}
	var style []byte
	err := fs.WalkDir(files, "page", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		kind, ok := kinds[path.Ext(name)]
		switch {
		case path.Ext(name) == ".css":
			style = append(style, body...)
		case !ok:
			return fmt.Errorf("%s: no media type for this extension", name)
		default:
			p.assets[name[len("page"):]] = newAsset(kind, body)
		}
		return nil
	})
	if err != nil {
		return p, fmt.Errorf("the page: %w", err)
	}
	sum := sha256.Sum256(style)
	p.style = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	index := p.assets["/index.html"]
	delete(p.assets, "/index.html")
	whole := bytes.Replace(index.body, []byte(styleMark), slices.Concat([]byte("<style>"), style, []byte("</style>")), 1)
	p.assets["/"] = newAsset(index.kind, whole)
	return p, nil
}

// serve answers with the file. It needs no token, because the files contain no secrets.
func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("ETag", a.tag)
	h.Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == a.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // fails only when the browser has closed the connection
	}
}

// policy returns the page's content security policy. It allows the page's own files and
// WebSocket, and no inline script or other style.
func policy(host, style string) string {
	return "default-src 'none'; script-src 'self'; style-src " + style + "; img-src 'self'; connect-src 'self' ws://" + host +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}
