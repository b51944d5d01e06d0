package local

import "github.com/pygent/pygent/runtime"

// NetworkAt returns the name, as in runtime.Info, of the network that commands
// have at a level when want was requested.
func NetworkAt(level string, want runtime.Network) string {
	switch level {
	case runtime.SandboxNone:
		return runtime.NetworkFull
	case runtime.SandboxMedium:
		return runtime.NetworkNone // with another request commands fail
	}
	return want.Name()
}
