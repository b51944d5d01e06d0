package trial

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Job is one task: a tree, what the user asks, a check, and the replies of a
// scripted model.
type Job struct {
	Name     string
	Title    string
	Language string
	Needs    []string // programs that the check needs, as in PATH
	Prompt   string
	Check    string // a shell line that must succeed when the job is done
	Most     int    // output tokens that the scripted edits may take; 0 is any number

	tree    tree
	checks  tree // files that are put back before the check
	replies []reply
}

// reply is one reply of the scripted model.
type reply struct {
	text  string
	calls []*call
	told  []string // each is in a result of the calls
	saw   []string // types of images in these results
}

// Jobs reads the jobs of all files of dir, in their order.
func Jobs(dir string) ([]*Job, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	var list []*Job
	for _, file := range files {
		j, err := readJob(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, j)
	}
	return list, nil
}

func readJob(file string) (*Job, error) {
	sections, err := readSections(file)
	if err != nil {
		return nil, err
	}
	j := &Job{Name: strings.TrimSuffix(filepath.Base(file), ".txtar"), tree: tree{}, checks: tree{}}
	for _, s := range sections {
		if err := j.add(s); err != nil {
			return nil, fmt.Errorf("section %s %s: %w", s.kind, s.name, err)
		}
	}
	j.tree.settle()
	switch {
	case j.Title == "" || j.Prompt == "" || j.Check == "":
		return nil, fmt.Errorf("wants a title, a prompt and a check")
	case len(j.replies) == 0 || len(j.replies[len(j.replies)-1].calls) > 0:
		return nil, fmt.Errorf("the last reply must call no tool, so that the turn ends")
	}
	return j, nil
}

// add takes one section of a job.
func (j *Job) add(s section) error {
	last := len(j.replies) - 1
	switch s.kind {
	case "job":
		return j.head(s)
	case "tree":
		return j.tree.add(s)
	case "check":
		return j.checks.add(s)
	case "reply":
		j.replies = append(j.replies, reply{text: strings.TrimSuffix(string(s.data), "\n")})
		return nil
	}
	if last < 0 {
		return fmt.Errorf("it stands before the first reply")
	}
	r := &j.replies[last]
	switch s.kind {
	case "call":
		r.calls = append(r.calls, newCall(s))
	case "patch":
		r.calls = append(r.calls, textCall("apply_patch", "patch", s))
	case "shell":
		r.calls = append(r.calls, textCall("bash", "cmd", s))
	case "arg":
		if len(r.calls) == 0 {
			return fmt.Errorf("it belongs to no call")
		}
		return r.calls[len(r.calls)-1].set(s)
	case "told":
		r.told = strings.Split(strings.TrimSuffix(string(s.data), "\n"), "\n")
	case "saw":
		r.saw = strings.Fields(string(s.data))
	default:
		return fmt.Errorf("no section is named so")
	}
	return nil
}

func (j *Job) head(s section) error {
	fields, err := s.fields()
	if err != nil {
		return err
	}
	one := func(key string) string { return strings.Join(fields[key], "\n") }
	j.Title, j.Language, j.Needs = one("title"), one("language"), fields["needs"]
	j.Prompt, j.Check = one("prompt"), one("check")
	if most := one("most"); most != "" {
		j.Most, err = strconv.Atoi(most)
	}
	return err
}
