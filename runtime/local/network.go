package local

import "github.com/pygent/pygent/runtime"

// NetworkAt names the network that commands have at a level when want was asked
// for, as runtime.Info does.
func NetworkAt(level string, want runtime.Network) string {
	switch level {
	case runtime.SandboxNone:
		return runtime.NetworkFull
	case runtime.SandboxMedium:
		return runtime.NetworkNone // with another wish commands fail
	}
	return want.Name()
}
