--- Diagnostics of language servers for files that Pygent has just changed. The language
--- servers get a moment to check them.
local files = require('pygent.files')

local M = {}

--- Milliseconds without new diagnostics after which they count as complete, and the longest
--- wait. The server waits three seconds.
M.QUIET, M.LONGEST = 200, 1500

--- The most diagnostics in one answer.
local MAX_DIAGNOSTICS = 500

local severities = { 'error', 'warning', 'info', 'hint' }

--- The buffers of files, by number.
---@param root string
---@param paths string[]
---@return table<integer, string> paths by buffer
local function buffers(root, paths)
  local found = {}
  for _, buf in ipairs(files.buffers()) do
    local path = files.relative(root, buf)
    if path and vim.tbl_contains(paths, path) then
      found[buf] = path
    end
  end
  return found
end

---@param bufs table<integer, string>
---@return pygent.Diagnostic[]
local function collect(bufs)
  local found = {}
  for buf, path in pairs(bufs) do
    for _, d in ipairs(vim.api.nvim_buf_is_loaded(buf) and vim.diagnostic.get(buf) or {}) do
      if #found < MAX_DIAGNOSTICS then
        found[#found + 1] = {
          path = path,
          range = {
            start = { line = d.lnum, character = d.col },
            ['end'] = { line = d.end_lnum or d.lnum, character = d.end_col or d.col },
          },
          severity = severities[d.severity],
          message = d.message,
          source = d.source,
        }
      end
    end
  end
  return found
end

--- Reloads the files that are in buffers and waits for the diagnostics of their language
--- servers, if they have any.
---@param root string
---@param paths string[]
---@param done fun(found: pygent.Diagnostic[]) once
function M.find(root, paths, done)
  files.reload(root, paths)
  local bufs = buffers(root, paths)
  local watched = vim.iter(pairs(bufs)):any(function(buf) return #vim.lsp.get_clients({ bufnr = buf }) > 0 end)
  if not watched then
    return done(collect(bufs))
  end
  local timer, deadline, seen = assert(vim.uv.new_timer()), vim.uv.now() + M.LONGEST, nil
  local function settle(wait)
    timer:start(
      math.max(0, math.min(wait, deadline - vim.uv.now())),
      0,
      vim.schedule_wrap(function()
        if not timer:is_closing() then
          timer:close()
          vim.api.nvim_del_autocmd(seen)
          done(collect(bufs))
        end
      end)
    )
  end
  seen = vim.api.nvim_create_autocmd('DiagnosticChanged', {
    callback = function(event)
      if bufs[event.buf] and not timer:is_closing() then
        settle(M.QUIET)
      end
    end,
  })
  settle(M.LONGEST)
end

--- Handles a request of the server, in its coroutine.
---@param root string
---@param paths string[]
---@return pygent.DiagnosticsResult
function M.answer(root, paths)
  local thread, found, waiting = coroutine.running(), nil, false
  M.find(root, paths, function(list)
    found = list
    if waiting then
      coroutine.resume(thread)
    end
  end)
  if not found then
    waiting = true
    coroutine.yield()
  end
  return { diagnostics = found }
end

return M
