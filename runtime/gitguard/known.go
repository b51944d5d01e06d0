package gitguard

import (
	"io/fs"
	"os"
	"path"
	"slices"
)

// configFiles are the files with settings, in a repository's directory.
var configFiles = []string{"config", "config.worktree"}

// known is what a repository had git run, or could, by the marks of hooks
// and settings.
type known map[string]bool

func (a armed) mark() string { return a.path + "\x00" + string(a.sum[:]) }

func (s setting) mark(file string) string { return file + "\x00" + s.name() + "\x00" + s.value }

// learn notes what the repositories have git run now, which is the user's affair.
func (g *Guard) learn() {
	root, err := os.OpenRoot(g.dir)
	if err != nil {
		return // nothing is known then
	}
	defer root.Close()
	g.known = make(map[string]known, len(g.repos))
	for _, repo := range g.repos {
		_ = within(root, repo.path, func(r *os.Root) error {
			g.known[repo.path] = knownIn(r)
			return nil
		})
	}
}

func knownIn(r *os.Root) known {
	k := known{}
	for _, a := range inspectHooks(r) {
		k[a.mark()] = true
	}
	for _, file := range configFiles {
		text, _, err := readFile(r, file, maxFile)
		if err != nil {
			continue
		}
		all, err := parseConfig(string(text))
		if err != nil {
			k[armed{path: file, sum: sumOf(r, file)}.mark()] = true
		}
		for _, s := range all {
			k[s.mark(file)] = true
		}
	}
	return k
}

// changed tells whether the hooks or a configuration of a repository are not what
// they were.
func (g Guard) changed(root *os.Root, repo string) bool {
	for _, name := range append([]string{"hooks"}, configFiles...) {
		at := path.Join(repo, name)
		i := slices.IndexFunc(g.Parts, func(p Part) bool { return p.Path == at })
		info, err := root.Lstat(at)
		switch {
		case i < 0 && err != nil: // there was none
		case i < 0 || err != nil || !g.Parts[i].same(g.Parts[i].with(info)):
			return true
		}
	}
	return false
}

func (p Part) with(info fs.FileInfo) Part {
	p.info = info
	return p
}
