package tools

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// Registry is the list of tools of an agent. Its order never changes, because
// providers cache prompts by their beginning, which has the tools.
//
// Fill it before use: Register must not run concurrently with other calls.
type Registry struct {
	tools  []Tool
	byName map[string]int
}

// NewRegistry makes a registry of the given tools, in their order.
func NewRegistry(list ...Tool) (*Registry, error) {
	r := &Registry{byName: make(map[string]int, len(list))}
	for _, t := range list {
		if err := r.Register(t); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Register adds a tool at the end. It fails when the name is in use.
func (r *Registry) Register(t Tool) error {
	if t.call == nil {
		return fmt.Errorf("tool %q was not made with tools.New", t.spec.Name)
	}
	if _, taken := r.byName[t.spec.Name]; taken {
		return fmt.Errorf("tool %s already registered", t.spec.Name)
	}
	r.byName[t.spec.Name] = len(r.tools)
	r.tools = append(r.tools, t)
	return nil
}

// Without returns a registry without the named tools. An unknown name is an
// error, so that a misspelt setting is noticed.
func (r *Registry) Without(names ...string) (*Registry, error) {
	for _, name := range names {
		if _, ok := r.byName[name]; !ok {
			return nil, fmt.Errorf("no tool is named %q; there are %s", name, strings.Join(r.Names(), ", "))
		}
	}
	rest := slices.DeleteFunc(slices.Clone(r.tools), func(t Tool) bool { return slices.Contains(names, t.spec.Name) })
	return NewRegistry(rest...)
}

// Specs lists the tools in their form for a model. The caller must not change it.
func (r *Registry) Specs() []Spec {
	specs := make([]Spec, len(r.tools))
	for i, t := range r.tools {
		specs[i] = t.spec
	}
	return specs
}

// Names lists the tools' names.
func (r *Registry) Names() []string {
	names := make([]string, len(r.tools))
	for i, t := range r.tools {
		names[i] = t.spec.Name
	}
	return names
}

// Call runs a tool on the JSON text of its arguments. It always returns exactly
// one answer: an unknown name, refused arguments and a panic of the tool are
// answers with IsError.
func (r *Registry) Call(ctx context.Context, env Env, name, arguments string) (res Result) {
	i, ok := r.byName[name]
	if !ok {
		return Errorf("%v", r.unknown(name))
	}
	defer func() {
		if p := recover(); p != nil {
			res = Errorf("tool %s panicked: %s", name, shorten(fmt.Sprint(p)))
			res.Stack = shorten(string(debug.Stack()))
		}
	}()
	return r.tools[i].call(ctx, env, arguments)
}

// shorten keeps error texts readable when a model sends very long values.
func shorten(s string) string {
	const most = 4000
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
