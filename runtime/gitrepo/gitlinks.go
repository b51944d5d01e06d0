package gitrepo

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ErrMany says that an index names more submodules than the caller wants.
var ErrMany = errors.New("names too many")

// Gitlinks returns the paths of up to most submodules in an index. The length
// of object ids depends on the repository's settings, but a command may have
// written those, so the submodules found with either length count. The error is
// ErrIndex or ErrMany.
func Gitlinks(data []byte, most int) (paths []string, err error) {
	if len(data) < indexHead+shortID {
		return nil, nil // git refuses it
	}
	short, errShort := gitlinks(data, shortID, most)
	long, errLong := gitlinks(data, longID, most)
	if errShort != nil && errLong != nil {
		return nil, ErrIndex
	}
	paths = slices.DeleteFunc(slices.Concat(short, long), func(at string) bool { return !isBelow(at) })
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if len(paths) > most {
		return paths[:most], ErrMany
	}
	return paths, nil
}

// isBelow reports whether git could have a submodule at a path.
func isBelow(at string) bool {
	return at != "." && path.Clean(at) == at && filepath.IsLocal(filepath.FromSlash(at)) && !strings.ContainsRune(at, 0)
}

func gitlinks(data []byte, idBytes, most int) (paths []string, err error) {
	required, err := parseIndex(data, idBytes, func(e *rawEntry) error {
		if e.word(6)&0o170000 == 0o160000 && len(paths) <= most {
			paths = append(paths, string(e.path))
		}
		return nil
	})
	if err != nil || slices.Contains(required, "link") { // the other entries are in another file
		return nil, ErrIndex
	}
	return paths, nil
}
