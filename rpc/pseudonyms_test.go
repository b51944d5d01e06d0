package rpc

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// pseudonyms replace values that differ in each run by numbered ones.
type pseudonyms struct {
	byReal, byShown map[string]string
	count           map[string]int
	dirs            *regexp.Regexp
	dir             string // the first one that was shown
}

var (
	realID = regexp.MustCompile(`\b([a-z]+)_(?:[a-z2-7]{16}|[a-z2-7]{12})\b`)
	// The times of files come from a clock that the test does not set. Cursors contain
	// such times.
	fileTime = regexp.MustCompile(`"updatedAt":"[^"]*"`)
	cursor   = regexp.MustCompile(`"nextCursor":"[^"]*"`)
	shownID  = regexp.MustCompile(`\b[a-z]+_[0-9]+\b`)
)

// shownDir replaces the temporary directories. In a client's message it means the first
// one.
const shownDir = "/tmp/workspace"

func newPseudonyms() *pseudonyms {
	return &pseudonyms{
		byReal: map[string]string{}, byShown: map[string]string{}, count: map[string]int{},
		dirs: regexp.MustCompile(regexp.QuoteMeta(os.TempDir()) + `/[\w./-]+`),
	}
}

func (p *pseudonyms) shown(text string) string {
	text = fileTime.ReplaceAllString(text, `"updatedAt":"2000-01-01T00:00:00Z"`)
	text = cursor.ReplaceAllString(text, `"nextCursor":"MTIzIHNfMQ"`)
	if p.dir == "" {
		p.dir = p.dirs.FindString(text)
	}
	text = p.dirs.ReplaceAllString(text, shownDir)
	return realID.ReplaceAllStringFunc(text, func(id string) string {
		if p.byReal[id] == "" {
			prefix, _, _ := strings.Cut(id, "_")
			p.count[prefix]++
			name := fmt.Sprintf("%s_%d", prefix, p.count[prefix])
			p.byReal[id], p.byShown[name] = name, id
		}
		return p.byReal[id]
	})
}

func (p *pseudonyms) real(text string) string {
	if p.dir != "" {
		text = strings.ReplaceAll(text, shownDir, p.dir)
	}
	return shownID.ReplaceAllStringFunc(text, func(name string) string {
		if id := p.byShown[name]; id != "" {
			return id
		}
		return name
	})
}
