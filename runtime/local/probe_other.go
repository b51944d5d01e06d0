//go:build !linux

package local

import (
	"context"
	"errors"

	"github.com/pygent/pygent/runtime"
)

// Probe reports that there is no sandbox: both need Linux.
func Probe(context.Context) Report {
	r := Report{Level: runtime.SandboxNone}
	r.add(runtime.SandboxStrong, "", errors.New("this system has no namespaces and no Landlock"), "use Docker")
	return r
}
