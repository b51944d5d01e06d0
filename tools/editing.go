package tools

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/edit"
	"github.com/pygent/pygent/tools/files"
)

// contextLines stand around the changed lines that the model and the user see.
const contextLines = 3

const tooLongToShow = "[what changed cannot be shown: read it again]"

// maxShown bounds the changed lines in an answer, in bytes.
const maxShown = 12_000

// change is the change of one file that an editing tool is about to make, with
// the texts that it has for people: decoded.
type change struct {
	runtime.Edit
	before, after string
	notes         []string // for the model
}

// opened is a text file that is to be changed.
type opened struct {
	look *runtime.Look
	file edit.File
}

// openText reads a file to edit it. The error is for the model.
func openText(env Env, name string) (opened, error) {
	look, err := env.Runtime.Workspace().Look(name)
	if err != nil {
		return opened{}, missingFile(env.Runtime.Workspace(), name, err)
	}
	file, err := decodeText(look.Data)
	var binary *edit.BinaryError
	if errors.As(err, &binary) {
		return opened{}, fmt.Errorf("%s is not text (%s): it cannot be edited", name, binary.Reason)
	}
	return opened{look, file}, err
}

// decodeText is edit.Decode without copying what is plain UTF-8.
func decodeText(data string) (edit.File, error) {
	if utf8.ValidString(data) && strings.IndexByte(data, 0) < 0 && !strings.HasPrefix(data, "\ufeff") {
		return edit.File{Text: data}, nil
	}
	return edit.Decode([]byte(data))
}

// encodeText is File.Encode, likewise. What a model writes is UTF-8.
func encodeText(f edit.File, text string) (string, error) {
	if f == (edit.File{Text: f.Text}) {
		return text, nil
	}
	data, err := f.Encode(text)
	return string(data), err
}

// fresh refuses a change of a file that somebody else has changed since the model
// last saw it, and one that does not fit exactly of a file that commands of the
// session have changed. The refusal shows what changed, so that the model has seen
// it now. The note is for an answer: what commands changed.
func (o opened) fresh(env Env, name string, exact bool) (note string, err error) {
	state, known := env.Files.Compare(o.look.Real, o.look.Data)
	switch {
	case state != files.Own && state != files.Stale:
		return "", nil
	case state == files.Own && exact:
		return "A command has changed the file since you last read it:\n" + o.since(known), nil
	}
	env.Files.Saw(o.look.Real, o.look.Data, o.look.Info)
	return "", fmt.Errorf("%s has changed on disk since you last read it, so nothing was written. It counts as read now; look at what changed and call again:\n%s", name, o.since(known))
}

// since shows what changed in the file since it had the content known.
func (o opened) since(known *string) string {
	if known == nil {
		return tooLongToShow
	}
	old, err := decodeText(*known)
	if err != nil {
		return tooLongToShow
	}
	shown, _, _ := edit.Changed(old.Text, o.file.Text, contextLines)
	return shorter(shown)
}

// shorter cuts changed lines that are too many to show.
func shorter(shown string) string {
	if len(shown) <= maxShown {
		return strings.TrimRight(shown, "\n")
	}
	cut := strings.LastIndexByte(shown[:maxShown], '\n') + 1
	if cut == 0 {
		cut = maxShown
	}
	rest := strings.Count(shown[cut:], "\n")
	return strings.ToValidUTF8(shown[:cut], "") + fmt.Sprintf("[%d more lines are not shown]", max(rest, 1))
}

// applyChanges writes the changes, all or none, and notes what the model has
// written.
func applyChanges(env Env, list []change) ([]runtime.Change, error) {
	edits := make([]runtime.Edit, len(list))
	for i, c := range list {
		edits[i] = c.Edit
	}
	ws := env.Runtime.Workspace()
	done, err := ws.Apply(edits, env.Allowed...)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Delete {
			continue
		}
		if v, err := ws.Target(c.goal()); err == nil {
			if info, err := ws.Stat(v.Path); err == nil {
				env.Files.Saw(v.Path, c.Content, info)
			}
		}
	}
	return done, nil
}

// goal is the path that the file has afterwards.
func (c change) goal() string {
	if c.MoveTo != "" {
		return c.MoveTo
	}
	return c.Path
}

// proposeChanges makes the proposal of an edit. plan says what would be done now.
// Where the user will be asked, an edit that cannot be made is refused before.
func proposeChanges(env Env, title string, paths []string, plan func() ([]change, error)) (Proposal, error) {
	if env.Mode == "ask" {
		if _, err := plan(); err != nil {
			return Proposal{}, err
		}
	}
	return Proposal{Effect: EffectEdit, Title: title, Paths: paths, Patches: func(context.Context) ([]Patch, error) {
		list, err := plan()
		if err != nil {
			return nil, err
		}
		var patches []Patch
		for _, c := range list {
			patches = append(patches, c.patch())
		}
		return patches, nil
	}}, nil
}

// patch shows a change to the user.
func (c change) patch() Patch {
	p := diffTexts(c.Path, c.goal(), c.before, c.after, c.Seen != nil, !c.Delete)
	if c.Mode != nil {
		p.Patch = fmt.Sprintf("new mode %o\n", fs.ModePerm&*c.Mode) + p.Patch
	}
	return p
}

// some names paths in a title.
func some(paths []string) string {
	const most = 3
	if len(paths) <= most {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
}

// pathsOf lists the paths that changes touch, each once.
func pathsOf(list []edit.FileChange) []string {
	var paths []string
	for _, c := range list {
		for _, p := range []string{c.Path, c.MoveTo} {
			if p != "" && !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	return paths
}
