package supervisor

// Arg is the hidden first argument by which a binary that is executed again
// knows that it is to be a supervisor.
const Arg = "__supervise"

// ProxyArg is the argument after Arg, if any, that sets Options.Proxy.
func ProxyArg(socket string) string { return proxyPrefix + socket }

// DiskArg is another one, which sets Options.Disk.
func DiskArg(dir string) string { return diskPrefix + dir }

const (
	proxyPrefix = "proxy="
	diskPrefix  = "disk="
)

// GuardArg is another one. It has the supervisor keep commands, by a filter of
// system calls, from setting modes with a set-user-ID or set-group-ID bit, their
// own tag, and limits of other processes. A filter needs no_new_privs; where it
// cannot be had the supervisor does not become ready.
const GuardArg = "guard"
