package trial

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Fault is one case: a tree, the calls of a model, and what must come of them.
type Fault struct {
	Theme  string // the name of its file
	Name   string
	Source string   // where models were seen to do this, and what it tells
	Right  bool     // the last call is done; else it is refused and changes nothing
	Says   []string // each is in the last call's result

	before, after tree
	made          tree // what commands of the case write themselves
	steps         []step
}

// step is a call, or a change by somebody else.
type step struct {
	call *call
	disk tree     // files that somebody else writes
	gone []string // files that somebody else removes
}

// Faults reads the cases of all files of dir, in their order.
func Faults(dir string) ([]*Fault, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var list []*Fault
	names := map[string]bool{}
	for _, file := range files {
		some, err := readFaults(file)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			if names[f.Name] {
				return nil, fmt.Errorf("%s: two cases are named %s", file, f.Name)
			}
			names[f.Name] = true
		}
		list = append(list, some...)
	}
	return list, nil
}

func readFaults(file string) ([]*Fault, error) {
	sections, err := readSections(file)
	if err != nil {
		return nil, err
	}
	theme := strings.TrimSuffix(filepath.Base(file), ".txtar")
	var list []*Fault
	for _, s := range sections {
		if s.kind == "case" {
			list = append(list, &Fault{Theme: theme, Name: s.name, before: tree{}})
		}
		if list == nil {
			return nil, fmt.Errorf("%s: section %s before the first case", file, s.kind)
		}
		f := list[len(list)-1]
		if err := f.add(s); err != nil {
			return nil, fmt.Errorf("%s: case %s: %w", file, f.Name, err)
		}
	}
	for _, f := range list {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("%s: case %s: %w", file, f.Name, err)
		}
	}
	return list, nil
}

// add takes one section of a case.
func (f *Fault) add(s section) error {
	switch s.kind {
	case "case":
		return f.head(s)
	case "before":
		return f.before.add(s)
	case "call":
		f.steps = append(f.steps, step{call: newCall(s)})
	case "patch": // for short: a call of apply_patch
		f.steps = append(f.steps, step{call: textCall("apply_patch", "patch", s)})
	case "shell": // for short: a call of bash
		f.steps = append(f.steps, step{call: textCall("bash", "cmd", s)})
	case "arg":
		if len(f.steps) == 0 || f.steps[len(f.steps)-1].call == nil {
			return fmt.Errorf("argument %s belongs to no call", s.name)
		}
		return f.steps[len(f.steps)-1].call.set(s)
	case "disk":
		t := tree{}
		f.steps = append(f.steps, step{disk: t})
		return t.add(s)
	case "undisk":
		f.steps = append(f.steps, step{gone: []string{s.name}})
	case "made":
		if f.made == nil {
			f.made = tree{}
		}
		return f.made.add(s)
	case "after":
		f.start()
		return f.after.replace(s)
	case "gone":
		f.start()
		if _, ok := f.after[s.name]; !ok {
			return fmt.Errorf("%s was never there", s.name)
		}
		delete(f.after, s.name)
	default:
		return fmt.Errorf("no section is named %q", s.kind)
	}
	return nil
}

// start makes the tree after the case, which begins as that before it.
func (f *Fault) start() {
	if f.after != nil {
		return
	}
	f.before.settle()
	f.after = maps.Clone(f.before)
	for _, s := range f.steps {
		maps.Copy(f.after, s.disk)
		for _, name := range s.gone {
			delete(f.after, name)
		}
	}
	maps.Copy(f.after, f.made)
}

func (f *Fault) head(s section) error {
	fields, err := s.fields()
	if err != nil {
		return err
	}
	if len(fields["source"]) != 1 || len(fields["expect"]) != 1 {
		return fmt.Errorf("wants one source and one expect")
	}
	f.Source, f.Says = fields["source"][0], fields["says"]
	switch fields["expect"][0] {
	case "right":
		f.Right = true
	case "refused":
	default:
		return fmt.Errorf("expect %q: right or refused", fields["expect"][0])
	}
	return nil
}

// check refuses a case that could not fail.
func (f *Fault) check() error {
	changed := f.after != nil
	f.start()
	switch {
	case len(f.steps) == 0 || f.steps[len(f.steps)-1].call == nil:
		return fmt.Errorf("the last step is no call")
	case f.Right && !changed:
		return fmt.Errorf("right, but without a tree after it")
	case !f.Right && changed:
		return fmt.Errorf("refused, but with a tree after it")
	case !f.Right && len(f.Says) == 0:
		return fmt.Errorf("refused, but without words that the error must contain")
	case slices.Contains(f.Says, ""):
		return fmt.Errorf("an empty says")
	}
	return nil
}
