package runtime

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nolink"
	"github.com/pygent/pygent/runtime/protect"
)

// Edit is the change of one file. Paths are workspace-relative.
type Edit struct {
	Path    string
	MoveTo  string       // the new path, where nothing may be; "" is none
	Delete  bool         // the file goes; Content, MoveTo and Mode are not used
	New     bool         // nothing may be at Path; otherwise a file there is replaced
	Content string       // the whole new content
	Mode    *fs.FileMode // new permission bits; nil keeps those of the file

	// Seen is the file that the edit was made for. A file that has changed since
	// is refused with an error that wraps ErrChanged. Nil is whatever is there.
	Seen *Look
}

// Look is a regular file and its content at one moment.
type Look struct {
	Real string // its path with every link followed
	Data string
	Info fs.FileInfo
}

// Look reads a file of at most MaxFileBytes bytes, to edit it.
func (w *Workspace) Look(name string) (*Look, error) {
	clean, err := cleanFile(name)
	if err != nil {
		return nil, err
	}
	real, err := w.resolve(clean)
	if err != nil {
		return nil, err
	}
	f, info, err := w.openRegular(real)
	if errors.Is(err, ErrNotFound) {
		return nil, notFound(name)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if info.Size() > MaxFileBytes {
		return nil, tooLarge("edit", clean, info.Size())
	}
	var data strings.Builder // its text is not copied again
	data.Grow(int(info.Size()))
	if _, err := io.CopyBuffer(&data, io.LimitReader(f, MaxFileBytes+1), make([]byte, lookChunk)); err != nil {
		return nil, w.wrap("read", name, err)
	}
	if data.Len() > MaxFileBytes {
		return nil, tooLarge("edit", clean, int64(data.Len()))
	}
	return &Look{real, data.String(), info}, nil
}

// Apply changes several files, or none: it checks all of them before it changes
// the first, and undoes what it has done when a later one fails. The files become
// visible one after the other. If this process is killed meanwhile, the next
// OpenWorkspace with OpenOptions.State finishes the rest; see Workspace.Recovered.
//
// Rules, permission bits and links are those of WriteFile. A file that is deleted
// or moved through a link is the one that the link leads to. No file may be named
// twice. The Changes have the given paths, cleaned, in the order of edits. A file
// that is moved and changed counts as one that was deleted and one that was added, as
// the undo sees it.
func (w *Workspace) Apply(edits []Edit, allowed ...string) ([]Change, error) {
	b := &editBatch{ws: w, allowed: allowed}
	defer b.close()
	if err := b.prepare(edits); err != nil {
		return nil, err
	}
	if err := b.apply(); err != nil {
		return nil, err
	}
	var changes []Change
	for _, f := range b.files {
		changes = append(changes, f.changes()...)
	}
	return changes, nil
}

// editBatch is one Apply.
type editBatch struct {
	ws      *Workspace
	allowed []string
	files   []*edited
	log     *editLog // nil: one file, or nothing is kept
	made    []string // directories, parents first
	undo    []func() // in the order of what was done
}

// edited is one Edit that has been checked.
type edited struct {
	Edit
	clean, cleanTo string // cleanTo is "" without a move
	at             place  // of the file; its dir is nil where the directory is still to be made
	to             place  // of a move's target
	old            fs.FileInfo
	before         string   // with its lines, if they are counted
	temp           string   // path of the staged new content, "" for a deletion
	staged         *os.File // a staged file that is not yet synced
	backup         string   // path of the old file while the batch is applied
}

func (b *editBatch) close() {
	for _, f := range b.files {
		f.at.closeIfOpen()
		f.to.closeIfOpen()
	}
	if b.log != nil {
		b.log.close()
	}
}

func (p place) closeIfOpen() {
	if p.dir != nil {
		p.close()
	}
}

// prepare checks all edits and changes nothing.
func (b *editBatch) prepare(edits []Edit) error {
	judge := protect.New(b.ws.root)
	var total int64
	for _, e := range edits {
		f, err := b.check(e, judge)
		if f != nil {
			b.files = append(b.files, f)
		}
		if err != nil {
			return err
		}
		if total += int64(len(e.Content)); total > maxBatchBytes {
			return &fileError{fmt.Sprintf("the edit: more than the limit of %d bytes", maxBatchBytes), ErrTooLarge}
		}
	}
	return b.noneTwice()
}

func (b *editBatch) check(e Edit, judge *protect.Judge) (*edited, error) {
	f := &edited{Edit: e}
	var err error
	if f.clean, f.at.real, err = b.admit("write", e.Path, judge); err != nil {
		return nil, err
	}
	if len(e.Content) > MaxFileBytes {
		return nil, tooLarge("write", f.clean, int64(len(e.Content)))
	}
	if err := b.find(f); err != nil {
		return f, err
	}
	if e.MoveTo == "" || e.Delete {
		return f, nil
	}
	if f.cleanTo, f.to.real, err = b.admit("write", e.MoveTo, judge); err != nil {
		return f, err
	}
	return f, b.mustBeFree(&f.to, f.cleanTo)
}

// admit checks a path and passes it through the gate, together with the earlier
// ones.
func (b *editBatch) admit(op, name string, judge *protect.Judge) (clean, real string, err error) {
	if clean, err = cleanFile(name); err != nil {
		return "", "", err
	}
	if real, err = b.ws.resolve(clean); err != nil {
		return "", "", err
	}
	v := judge.Of(real)
	judge.Plan(real)
	return clean, real, gateVerdict(v, op, clean, b.allowed)
}

// find opens the directory of a file and looks at what is there now.
func (b *editBatch) find(f *edited) error {
	if f.New {
		return b.mustBeFree(&f.at, f.clean)
	}
	dir, err := nolink.Parent(b.ws.root, f.at.real)
	switch {
	case nolink.IsGone(err) && f.mayBeMissing():
		f.at.base = path.Base(f.at.real)
		return b.noFileAbove(f.at.real, f.clean)
	case err != nil:
		return b.ws.wrap("open", f.clean, err)
	}
	f.at.dir, f.at.base = dir, path.Base(f.at.real)
	if s := f.Seen; s != nil {
		f.old, f.before = s.Info, s.Data
		return b.unchanged(f)
	}
	var before []byte
	if f.old, before, err = b.ws.existingFile(f.at); err != nil {
		return err
	}
	f.before = string(before)
	if f.old == nil && !f.mayBeMissing() {
		return notFound(f.clean)
	}
	return nil
}

// mayBeMissing reports whether the file need not exist: then it is made.
func (f *edited) mayBeMissing() bool { return f.Seen == nil && !f.Delete && f.MoveTo == "" }

// mustBeFree opens the directory of a path, if it exists, at which nothing may be.
func (b *editBatch) mustBeFree(at *place, clean string) error {
	at.base = path.Base(at.real)
	dir, err := nolink.Parent(b.ws.root, at.real)
	if nolink.IsGone(err) {
		return b.noFileAbove(at.real, clean)
	}
	if err != nil {
		return b.ws.wrap("open", clean, err)
	}
	at.dir = dir
	_, err = dir.Lstat(at.base)
	switch {
	case err == nil:
		return &fileError{quote(clean) + " exists already", ErrExists}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return b.ws.wrap("write", clean, err)
	}
}

// noFileAbove refuses a path that leads through a file, for which no directory can
// be made.
func (b *editBatch) noFileAbove(real, clean string) error {
	for dir := path.Dir(real); dir != "."; dir = path.Dir(dir) {
		info, err := b.ws.root.Lstat(dir)
		if err == nil && !info.IsDir() {
			return &InvalidError{"path", quote(clean) + " leads through something that is no directory"}
		}
		if err == nil {
			break
		}
	}
	return nil
}

// unchanged refuses a file that is no longer the one that the edit was made for.
func (b *editBatch) unchanged(f *edited) error {
	if f.Seen == nil {
		if _, err := f.at.dir.Lstat(f.at.base); f.New && err == nil {
			return changedMeanwhile(f.clean)
		}
		return nil
	}
	now, err := f.at.dir.Lstat(f.at.base)
	if err != nil || !os.SameFile(now, f.old) || now.Size() != f.old.Size() || !now.ModTime().Equal(f.old.ModTime()) {
		return changedMeanwhile(f.clean)
	}
	return nil
}

func changedMeanwhile(name string) error {
	return &fileError{quote(name) + " was changed meanwhile; nothing was written: read it again", ErrChanged}
}

// noneTwice refuses a file that the batch names twice, under whatever names.
func (b *editBatch) noneTwice() error {
	type named struct{ clean, real string }
	var all []named
	for _, f := range b.files {
		all = append(all, named{f.clean, f.at.real})
		if f.cleanTo != "" {
			all = append(all, named{f.cleanTo, f.to.real})
		}
	}
	for i, n := range all {
		if slices.ContainsFunc(all[:i], func(o named) bool {
			return o.real == n.real || strings.EqualFold(o.real, n.real) && b.ws.SameFile(o.real, n.real)
		}) {
			return &InvalidError{"path", quote(n.clean) + " is changed twice; give all changes of a file at once"}
		}
		// A file cannot be made below one that is made or kept.
		if slices.ContainsFunc(all, func(o named) bool { return o.real != n.real && within(o.real, n.real) }) {
			return &InvalidError{"path", quote(n.clean) + " leads through another file of the same edit"}
		}
	}
	return nil
}

// changes says what an applied edit did.
func (f *edited) changes() []Change {
	c := Change{Path: f.clean, Change: ChangeModified, Protected: protect.Named(f.at.real) != ""}
	there := Change{Path: f.cleanTo, Change: ChangeAdded, Protected: f.moves() && protect.Named(f.to.real) != ""}
	switch {
	case f.moves() && f.before == f.Content && f.Content != "":
		there.Change, there.From = ChangeRenamed, f.clean
		there.Protected = there.Protected || c.Protected
		return []Change{there}
	case f.Delete, f.moves():
		c.Change = ChangeDeleted
		_, c.Removed = countTexts(f.before, "")
	case f.old == nil:
		c.Change = ChangeAdded
		fallthrough
	default:
		c.Added, c.Removed = countTexts(f.before, f.Content)
	}
	if !f.moves() {
		return []Change{c}
	}
	there.Added, _ = countTexts("", f.Content)
	return []Change{c, there}
}
