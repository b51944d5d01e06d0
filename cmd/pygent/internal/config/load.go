package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/BurntSushi/toml"
	"github.com/caarlos0/env/v11"
)

// FileName is the name of a settings file, in the user's configuration directory and in a
// workspace.
const FileName = "pygent.toml"

// maxFile bounds a settings file, in bytes.
const maxFile = 1 << 20

// Sources are the sources of settings.
type Sources struct {
	UserFile string   // read if it exists
	Environ  []string // in the format of os.Environ
	Flags    func(*Config)
}

// UserFile returns the path of the user's settings file, or "" if the system has no
// configuration directory.
func UserFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "pygent", FileName)
}

// Load reads all sources. An error is one line that names the setting and the
// source.
func Load(src Sources) (Config, error) {
	c := Default()
	set, err := readFile(src.UserFile, &c)
	if err != nil {
		return c, err
	}
	for _, key := range set {
		c.from(key.String(), src.UserFile)
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("%s: %w", src.UserFile, err)
	}
	if err := c.environment(src.Environ); err != nil {
		return c, err
	}
	if src.Flags != nil {
		before := c
		src.Flags(&c)
		c.changed(before, "a flag")
	}
	return c, c.check()
}

// readFile decodes a file over c and returns the keys that it sets. A missing file is not
// an error.
func readFile(path string, c *Config) ([]toml.Key, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	return decode(path, f, err, c)
}

// decode is the second half of readFile, with the results of opening the file. The file is
// opened without blocking, because it can be a pipe without a writer, and checked after
// opening, because the path can change in between.
func decode(path string, f *os.File, err error, c *Config) ([]toml.Key, error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("read settings: %s is not a regular file of at most %d bytes", path, maxFile)
	}
	meta, err := toml.NewDecoder(io.LimitReader(f, maxFile)).Decode(c)
	if err != nil {
		var at toml.ParseError
		if errors.As(err, &at) {
			return nil, fmt.Errorf("%s:%d: %s", path, at.Position.Line, at.Message)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		name := unknown[0].String()
		if name == "api_key" {
			return nil, fmt.Errorf("%s: api_key: a file must not hold the key: set OPENAI_API_KEY", path)
		}
		return nil, fmt.Errorf("%s: unknown setting %q: use one of %s", path, name, strings.Join(keys(), ", "))
	}
	return meta.Keys(), nil
}

// keys lists the settings that a file can have.
func keys() []string {
	var list []string
	for _, s := range Settings() {
		if s.InFile {
			list = append(list, s.Name)
		}
	}
	slices.Sort(list)
	return list
}

// environment reads the variables. An empty one counts as not set.
func (c *Config) environment(environ []string) error {
	vars := map[string]string{}
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); value != "" {
			vars[name] = value
		}
	}
	if err := env.ParseWithOptions(c, env.Options{Environment: vars}); err != nil {
		var bad env.ParseError
		if errors.As(err, &bad) {
			field, _ := reflect.TypeFor[Config]().FieldByName(bad.Name)
			name := field.Tag.Get("env")
			return &Error{Setting: name, Reason: fmt.Sprintf("%q is not a %s", vars[name], plain(field.Type))}
		}
		return fmt.Errorf("environment: %w", err)
	}
	for _, s := range Settings() {
		if vars[s.Env] != "" {
			c.from(s.Name, s.Env)
		}
	}
	if v, ok := vars["PYGENT_USE_DOCKER"]; ok {
		c.from("runtime", "PYGENT_USE_DOCKER")
		c.Runtime = RuntimeDocker
		if v == "0" {
			c.Runtime = RuntimeLocal
		}
	}
	return nil
}

func plain(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	default:
		return t.String()
	}
}

// TightenFrom applies the pygent.toml of a workspace, if it has one. The file can lower
// limits and remove tools. Other settings are ignored, with a notice.
func (c *Config) TightenFrom(workspace string) error {
	if workspace == "" {
		return nil
	}
	root, err := os.OpenRoot(workspace)
	if err != nil {
		return nil // opening the workspace for work refuses it, with the reason
	}
	defer root.Close()
	path := filepath.Join(workspace, FileName)
	theirs := Default()
	f, err := root.OpenFile(FileName, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	set, err := decode(path, f, err, &theirs)
	if err != nil {
		return err
	}
	before := *c
	defer func() { c.changed(before, path) }()
	for _, key := range set {
		switch name := key.String(); name {
		case "max_steps":
			c.lower(path, name, theirs.MaxSteps >= 1 && theirs.MaxSteps <= c.MaxSteps, func() { c.MaxSteps = theirs.MaxSteps })
		case "max_tasks":
			c.lower(path, name, theirs.MaxTasks >= 1 && theirs.MaxTasks <= c.MaxTasks, func() { c.MaxTasks = theirs.MaxTasks })
		case "step_timeout":
			c.lower(path, name, tighter(theirs.StepTimeout, c.StepTimeout), func() { c.StepTimeout = theirs.StepTimeout })
		case "task_timeout":
			c.lower(path, name, tighter(theirs.TaskTimeout, c.TaskTimeout), func() { c.TaskTimeout = theirs.TaskTimeout })
		case "mode":
			c.lower(path, name, stricter(theirs.Mode, c.Mode), func() { c.Mode = theirs.Mode })
		case "disabled_tools":
			c.DisabledTools = append(slices.Clone(c.DisabledTools), theirs.DisabledTools...)
		default:
			c.Notices = append(c.Notices, fmt.Sprintf("%s: %s is ignored: a workspace cannot set it", path, name))
		}
	}
	return nil
}

func (c *Config) lower(path, name string, ok bool, apply func()) {
	if ok {
		apply()
		return
	}
	c.Notices = append(c.Notices, fmt.Sprintf("%s: %s is ignored: a workspace can only lower it", path, name))
}

// stricter reports whether a workspace's mode is at most as wide as the user's. An unset
// mode counts as auto.
func stricter(theirs, ours string) bool {
	if ours == "" {
		return theirs == ModePlan || theirs == ModeAsk
	}
	i := slices.Index(modes, theirs)
	return i >= 0 && i <= slices.Index(modes, ours)
}

func tighter(theirs, ours float64) bool { return theirs > 0 && (ours == 0 || theirs <= ours) }
