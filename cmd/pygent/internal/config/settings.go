package config

import (
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"reflect"
	"strconv"
	"strings"
)

//go:generate go run ./gen

//go:embed preamble.md
var preamble string

// Setting describes one setting.
type Setting struct {
	Name    string // in a file; if no file can set it, the variable
	InFile  bool
	Env     string // variable, "" for none
	Flag    string // flags of the command line, without the first two dashes; "" for none
	Doc     string // one sentence or more
	Default string // in TOML; "" for none
	Example string // in TOML: the default, or an example if the default is empty
}

// Settings lists all settings in the order of Config.
func Settings() []Setting {
	var list []Setting
	defaults := reflect.ValueOf(Default())
	for f, v := range defaults.Fields() {
		s := Setting{Name: nameOf(f), InFile: f.Tag.Get("toml") != "-", Env: f.Tag.Get("env"), Flag: f.Tag.Get("flag"), Doc: f.Tag.Get("doc")}
		if s.Name == "" {
			continue
		}
		s.Example = literal(v)
		if !v.IsZero() || v.Kind() == reflect.Int || v.Kind() == reflect.Float64 {
			s.Default = s.Example
		} else if example := f.Tag.Get("example"); v.Kind() == reflect.Slice {
			s.Example = "[" + strconv.Quote(example) + "]"
		} else {
			s.Example = strconv.Quote(example)
		}
		list = append(list, s)
	}
	return list
}

// nameOf returns a field's name for users, "" for a field that is not a setting.
func nameOf(f reflect.StructField) string {
	if name := f.Tag.Get("toml"); name != "-" {
		return name
	}
	return f.Tag.Get("env")
}

// literal formats a value as TOML.
func literal(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Slice:
		var parts []string
		for _, e := range v.Seq2() {
			parts = append(parts, literal(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return fmt.Sprint(v)
	}
}

// Value is the effective value of a setting.
type Value struct {
	Name   string `json:"name"`
	Value  string `json:"value"` // in TOML; for the key only that it is set
	Origin string `json:"origin"`
}

// Values lists the settings that are not defaults, with their sources.
func (c Config) Values() []Value {
	var list []Value
	for f, v := range reflect.ValueOf(c).Fields() {
		name := nameOf(f)
		origin := c.Origins[name]
		if name == "" || origin == "" {
			continue
		}
		text := literal(v)
		if name == "OPENAI_API_KEY" {
			text = "(set)"
		}
		list = append(list, Value{Name: name, Value: text, Origin: origin})
	}
	return list
}

// from records the source of a setting. It does not change copies of c.
func (c *Config) from(name, origin string) {
	c.Origins = maps.Clone(c.Origins)
	if c.Origins == nil {
		c.Origins = map[string]string{}
	}
	c.Origins[name] = origin
}

// changed records the source of all settings that differ from before.
func (c *Config) changed(before Config, origin string) {
	was := reflect.ValueOf(before)
	for f, v := range reflect.ValueOf(*c).Fields() {
		if name := nameOf(f); name != "" && !reflect.DeepEqual(v.Interface(), was.FieldByIndex(f.Index).Interface()) {
			c.from(name, origin)
		}
	}
}

// Example returns a pygent.toml that documents each setting and changes nothing, because
// every line is a comment.
func Example() []byte {
	var b strings.Builder
	b.WriteString(`# Settings of Pygent. Copy this file to pygent/pygent.toml in your configuration
# directory (~/.config on Linux), and remove the # before the settings that you
# change. Flags and variables override it. A pygent.toml in a workspace can only
# lower limits, disable tools and make the mode stricter.
`)
	for _, s := range Settings() {
		if !s.InFile {
			continue
		}
		fmt.Fprintf(&b, "\n# %s\n", s.Doc)
		if s.Default == "" {
			b.WriteString("# Not set by default. Example:\n")
		}
		fmt.Fprintf(&b, "#%s = %s\n", s.Name, s.Example)
	}
	return []byte(b.String())
}

// Reference returns configuration.md: the rules and a table of all settings.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(preamble)
	b.WriteString("| setting | variable | flag | default | meaning |\n|---|---|---|---|---|\n")
	for _, s := range Settings() {
		name := ""
		if s.InFile {
			name = code(s.Name)
		}
		flag := s.Flag
		if flag != "" {
			flag = "--" + flag
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, code(s.Env), code(flag), cmp.Or(code(s.Default), "none"), s.Doc)
	}
	return []byte(b.String())
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
