package chat

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/rpc"
)

// Bounds of what /attach reads itself, in bytes. The server reads files of the workspace,
// and has its own.
const (
	maxImage = 5_000_000
	maxText  = 1 << 20
)

// mostAttached bounds the files of a message.
const mostAttached = 20

// imageTypes are the pictures that models take.
var imageTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// contextItem is what goes with a message: a file of the workspace by its path, a text, or
// an image in base64. uri says where the last two are from.
type contextItem struct {
	Path     string  `json:"path,omitempty"`
	URI      string  `json:"uri,omitempty"`
	Text     *string `json:"text,omitempty"`
	MIMEType string  `json:"mimeType,omitempty"`
	Data     string  `json:"data,omitempty"`
}

// attachment is a contextItem, and its name for the user.
type attachment struct {
	name string
	item contextItem
}

// attach adds a file to the next message, or lists what was added.
func attach(_ context.Context, t *talk, name string) (outcome, error) {
	switch name {
	case "":
		names := t.attachedNames()
		if len(names) == 0 {
			return outcome{text: "nothing is attached to the next message; @PATH in it attaches a file too"}, nil
		}
		return outcome{text: "with the next message:\n" + strings.Join(names, "\n")}, nil
	case "none":
		t.mu.Lock()
		defer t.mu.Unlock()
		t.attached = nil
		return outcome{text: "nothing is attached"}, nil
	}
	a, err := attachmentOf(t.root, unquoted(name))
	if err != nil {
		return outcome{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.attached) >= mostAttached {
		return outcome{}, fmt.Errorf("%d files are attached, which is the most: /attach none takes them back", mostAttached)
	}
	t.attached = append(t.attached, a)
	return outcome{text: "attached to the next message: " + a.name}, nil
}

// attachedNames lists what goes with the next message.
func (t *talk) attachedNames() (names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.attached {
		names = append(names, a.name)
	}
	return names
}

// takeAttached returns what goes with a message, and removes it.
func (t *talk) takeAttached() []attachment {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.attached
	t.attached = nil
	return taken
}

// keepAttached puts back what went with a message that was not sent.
func (t *talk) keepAttached(list []attachment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attached = append(list, t.attached...)
}

// unquoted removes what a terminal adds to a file that is dropped on it.
func unquoted(name string) string {
	if n := len(name); n > 1 && (name[0] == '\'' || name[0] == '"') && name[n-1] == name[0] {
		return name[1 : n-1]
	}
	if filepath.Separator == '/' {
		return strings.ReplaceAll(name, `\ `, " ")
	}
	return name
}

// attachmentOf makes the attachment of a file. The server reads a file of the workspace;
// another file of the user is read here, because the server reads none.
func attachmentOf(root, name string) (attachment, error) {
	if rest, ok := strings.CutPrefix(name, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			name = filepath.Join(home, rest)
		}
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	info, err := os.Stat(path) // before opening, because opening a pipe waits for its writer
	if err != nil {
		return attachment{}, err
	}
	if !info.Mode().IsRegular() {
		return attachment{}, fmt.Errorf("%q is not a regular file", name)
	}
	if rel, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(rel) {
		rel = filepath.ToSlash(rel)
		return attachment{rel, contextItem{Path: rel}}, nil
	}
	return readAttachment(path)
}

// readAttachment reads a text or an image.
func readAttachment(path string) (a attachment, err error) {
	f, err := os.Open(path)
	if err != nil {
		return a, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxImage+1))
	if err != nil {
		return a, err
	}
	item := contextItem{URI: rpc.URIOfPath(path)}
	switch kind := http.DetectContentType(data); {
	case slices.Contains(imageTypes, kind) && len(data) > maxImage:
		return a, fmt.Errorf("%q has more than %d bytes", path, maxImage)
	case slices.Contains(imageTypes, kind):
		item.MIMEType, item.Data = kind, base64.StdEncoding.EncodeToString(data)
	case !utf8.Valid(data) || slices.Contains(data, 0):
		return a, fmt.Errorf("%q is neither text nor a png, jpeg, webp or gif", path)
	case len(data) > maxText:
		return a, fmt.Errorf("%q has more than %d bytes: copy it into the workspace with /cp, and name it", path, maxText)
	default:
		text := string(data)
		item.Text = &text
	}
	return attachment{path, item}, nil
}

// mention is a file that a message names, as in @src/main.go or @"a file.txt".
var mention = regexp.MustCompile(`(?:^|\s)@(?:"([^"\n]+)"|(\S+))`)

// mentioned returns the files of the workspace that a message names. A name that is no file
// of it, or leaves it, is only text.
func mentioned(root, text string) (items []contextItem) {
	found := mention.FindAllStringSubmatch(text, -1)
	if found == nil {
		return nil
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil
	}
	defer dir.Close()
	for _, m := range found {
		for _, name := range []string{m[1], m[2], strings.TrimRight(m[2], `.,;:!?)]}'"`)} {
			if info, err := dir.Stat(filepath.FromSlash(name)); name == "" || err != nil || !info.Mode().IsRegular() {
				continue
			}
			item := contextItem{Path: filepath.ToSlash(filepath.Clean(name))}
			if !slices.ContainsFunc(items, func(i contextItem) bool { return i.Path == item.Path }) && len(items) < mostAttached {
				items = append(items, item)
			}
			break
		}
	}
	return items
}

// attachedMark begins the attached part of a message.
var attachedMark = regexp.MustCompile(`(?:^|\n\n)<context_*([ >])`)

// attachedName is the beginning of one attached thing.
var attachedName = regexp.MustCompile(`(?m)^<context_* (?:path|uri)="([^"\n]*)"`)

// words returns what the user wrote of a message, and the names of what was attached.
func words(message string) (own string, names []string) {
	at := attachedMark.FindStringIndex(message)
	if at == nil {
		return message, nil
	}
	for _, m := range attachedName.FindAllStringSubmatch(message[at[0]:], mostAttached) {
		names = append(names, m[1])
	}
	return message[:at[0]], names
}

var errNoMessage = errors.New("the session has no message yet")
