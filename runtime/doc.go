// Package runtime is the place that an agent works in: a Workspace of files, an
// Executor that runs shell commands in it, and a Runtime that joins the two
// under limits and puts what happened into words for a model.
//
// Files are reached through os.Root only, so that no path, link or race leads
// out of the workspace. Output of commands is bounded in memory and its loss is
// always said.
//
// The package must not know how commands are confined (that is for runtime/docker
// and runtime/local), nor anything of models, tools, tasks or the protocol.
package runtime
