package runtime

import (
	"path"
	"strings"
)

// link copies a symbolic link that leads out of neither workspace. Its target
// may have ".." at the beginning only: a name before ".." can be a link itself,
// so that the target is unknown.
func (c *copier) link(lv *level, e entry) error {
	from, to := path.Join(lv.from, e.name), path.Join(lv.to, e.to)
	target, err := lv.in.Readlink(e.name)
	if err != nil {
		return c.src.wrap("copy", from, err)
	}
	if target = slashed(target); !staysInside(from, target) || !staysInside(to, target) {
		c.skip(from, "link that is absolute or leads out of the workspace")
		return nil
	}
	if err := lv.out.Symlink(target, e.staged); err != nil {
		return c.dst.wrap("copy to", to, err)
	}
	c.add(CopiedFile{Path: to, Change: ChangeAdded})
	return nil
}

// staysInside reports whether a link at name, whose directory is free of links,
// has a target that cannot be outside.
func staysInside(name, target string) bool {
	if target == "" || path.IsAbs(target) || hasDrive(target) {
		return false
	}
	depth, down := strings.Count(name, "/"), false
	for elem := range strings.SplitSeq(target, "/") {
		switch elem {
		case "", ".":
		case "..":
			if depth--; depth < 0 || down {
				return false
			}
		default:
			down = true
		}
	}
	return true
}
