package supervisor

// Arg is the hidden first argument by which a binary that is executed again
// knows that it is to be a supervisor.
const Arg = "__supervise"

// ProxyArg is the argument after Arg, if any, that sets Options.Proxy.
func ProxyArg(socket string) string { return proxyPrefix + socket }

const proxyPrefix = "proxy="
