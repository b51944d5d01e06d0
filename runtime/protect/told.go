package protect

import (
	"fmt"
	"strings"
)

// Bounds of what Told names.
const (
	maxToldNames   = 3 // for one reason
	maxToldReasons = 6
)

// dependencies are directories that package managers and builds fill. Their
// files are not reported one by one: there are thousands, and programs do not
// start there.
var dependencies = map[string]bool{
	"node_modules": true, "bower_components": true, "vendor": true, "Pods": true, ".venv": true, "venv": true, ".tox": true, ".nox": true,
	"site-packages": true, "__pycache__": true, ".cache": true, "target": true, "build": true, "_build": true, "dist": true,
}

// Told describes protected paths for the user: some for each reason, and how
// many more there are. It leaves out those in dependencies; "" if there are no
// others.
func Told(paths []string) string {
	type group struct {
		why   string
		names []string
		more  int
	}
	var groups []*group
	of, left := map[string]*group{}, 0
	for _, name := range paths {
		p := In(name)
		g := of[p.why]
		switch {
		case p.why == "" || p.dependent:
			continue
		case g == nil && len(groups) == maxToldReasons:
			left++
			continue
		case g == nil:
			g = &group{why: p.why}
			of[p.why] = g
			groups = append(groups, g)
		}
		if len(g.names) < maxToldNames {
			g.names = append(g.names, fmt.Sprintf("%q", name))
		} else {
			g.more++
		}
	}
	var told []string
	for _, g := range groups {
		names := strings.Join(g.names, ", ")
		if g.more > 0 {
			names += fmt.Sprintf(" and %d more", g.more)
		}
		told = append(told, fmt.Sprintf("%s (%s)", names, g.why))
	}
	if left > 0 {
		told = append(told, fmt.Sprintf("and %d more", left))
	}
	return strings.Join(told, "; ")
}
