package supervisor

// Arg is the hidden first argument that makes the binary, executed again, a
// supervisor.
const Arg = "__supervise"

// ProxyArg is the argument after Arg, if any, that sets Options.Proxy.
func ProxyArg(socket string) string { return proxyPrefix + socket }

// DiskArg is a further argument, which sets Options.Disk.
func DiskArg(dir string) string { return diskPrefix + dir }

const (
	proxyPrefix = "proxy="
	diskPrefix  = "disk="
)

// GuardArg is a further argument. It makes the supervisor put itself and all
// commands under the filter of system calls that every sandbox has
// (seccomp.Commands), protect their tags by another filter, and use Landlock,
// where the kernel has it, to enforce the rules of the mounts a second time. A
// filter needs no_new_privs; without the filter the supervisor does not become
// ready.
const GuardArg = "guard"

// VictimsArg is a further argument, which sets Options.OOMScore.
const VictimsArg = "victims"
