// Package runtime is what an agent works with: a Workspace of files, an
// Executor that runs shell commands in it, and a Runtime that joins the two
// under limits and writes their results as text for a model.
//
// Files are reached through os.Root only, so that no path, link or race leads
// out of the workspace. The output of commands is bounded in memory, and a
// result always says when output was lost.
//
// The package must not know how commands are confined (that is for runtime/docker
// and runtime/local), nor anything of models, tools, tasks or the protocol.
package runtime
