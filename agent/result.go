package agent

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/tools"
	"github.com/pygent/pygent/tools/output"
)

// Bounds of a result's text, in characters. Of a longer one these parts go to the
// model: a command says at its end what failed.
const (
	maxResult  = 30_000
	resultHead = 10_000
	resultTail = maxResult - resultHead
)

// bound makes a result fit the history: valid UTF-8 and not too long. The whole of
// a text that is cut is kept, and the cut says how to read it.
func bound(res *tools.Result, kept *output.Store) {
	res.Text = strings.ToValidUTF8(res.Text, "\uFFFD")
	if len(res.Text) <= maxResult {
		return
	}
	left := utf8.RuneCountInString(res.Text) - maxResult
	if left <= 0 {
		return
	}
	head, tail := res.Text[:after(res.Text, resultHead)], res.Text[before(res.Text, resultTail):]
	notice := fmt.Sprintf("[… %d characters left out", left)
	if !res.Unkept {
		if id, err := kept.Keep(res.Text); err == nil { // else the model knows at least that something is missing
			notice += fmt.Sprintf(`: read_file {"path":%q,"offset":%d}`, output.Path(id), strings.Count(head, "\n")+1)
		}
	}
	if !strings.HasSuffix(head, "\n") {
		head += "\n"
	}
	res.Text, res.Truncated = head+notice+"]\n"+tail, true
}

// after returns the length in bytes of the first n characters of s, which has more.
func after(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// before returns where the last n characters of s begin.
func before(s string, n int) int {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return i
}
