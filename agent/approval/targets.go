package approval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tools"
)

// maxTold bounds the paths that the title of an approval explains.
const maxTold = 3

// Target is a path that an edit would change.
type Target struct {
	named string // as the tool names it
	real  string // with links followed
	grade protect.Grade
	why   string // why it is protected, "" when it is not
}

// Targets returns the paths that a proposed edit would change now. The error is
// the one that the edit itself would return.
func Targets(ws *runtime.Workspace, p tools.Proposal) ([]Target, error) {
	if p.Effect != tools.EffectEdit {
		return nil, nil
	}
	list := make([]Target, len(p.Paths))
	for i, named := range p.Paths {
		v, err := ws.Target(named)
		if err != nil {
			return nil, err
		}
		list[i] = Target{named, v.Path, v.Grade, v.Reason}
		if why := p.Protected[named]; why != "" && v.Grade == protect.Free {
			list[i].grade, list[i].why = protect.Ask, why
		}
	}
	return list, nil
}

// Allowed returns the protected paths that the user's permission covers.
func Allowed(at []Target) []string {
	var list []string
	for _, a := range at {
		if a.grade == protect.Ask {
			list = append(list, a.real)
		}
	}
	return list
}

func mustAsk(at []Target) bool {
	return slices.ContainsFunc(at, func(a Target) bool { return a.grade == protect.Ask })
}

// explain says what the names in a title hide: where links lead, and which paths
// are protected.
func explain(at []Target) string {
	var said []string
	for _, a := range at {
		if a.real != a.named {
			said = append(said, fmt.Sprintf("%s leads to %s", a.named, a.real))
		}
	}
	said = atMost(said)
	var whys []string
	for _, a := range at {
		if a.grade == protect.Ask {
			whys = append(whys, fmt.Sprintf("%s is protected: %s", a.real, a.why))
		}
	}
	if said = append(said, atMost(whys)...); len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, "; ") + ")"
}

func atMost(said []string) []string {
	if more := len(said) - maxTold; more > 0 {
		said = append(said[:maxTold:maxTold], fmt.Sprintf("and %d more", more))
	}
	return said
}

// unsaved names the first dirty file that an edit would change, "" when there is
// none. It compares paths as they are named and with links followed.
func (p Policy) unsaved(at []Target) string {
	for _, named := range p.Dirty {
		real := named
		if p.Workspace != nil && len(at) > 0 {
			if v, err := p.Workspace.Target(named); err == nil {
				real = v.Path
			}
		}
		if slices.ContainsFunc(at, func(a Target) bool {
			return holds(a.named, named) || holds(a.real, real) || p.same(a.real, real)
		}) {
			return named
		}
	}
	return ""
}

// holds reports whether file is dir or lies below it.
func holds(dir, file string) bool {
	return dir == "." || file == dir || strings.HasPrefix(file, dir+"/")
}

// same is holds for names that some file systems treat as equal. It looks at the
// files only when the names are alike.
func (p Policy) same(dir, file string) bool {
	elems, n := strings.Split(file, "/"), strings.Count(dir, "/")+1
	if p.Workspace == nil || len(elems) < n {
		return false
	}
	above := strings.Join(elems[:n], "/")
	return (strings.EqualFold(dir, above) || !ascii(dir+above)) && p.Workspace.SameFile(dir, above)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
