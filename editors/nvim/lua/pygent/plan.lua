--- The model's plan in a transcript: a checklist that is updated in place.
local text = require('pygent.text')
local api = vim.api

local M = {}

--- The namespace of the marks. It differs from that of the folds.
M.ns = api.nvim_create_namespace('pygent.plan')

local marks = { completed = '✓', in_progress = '▸', pending = '○' }
local colours = { completed = 'PygentNote', in_progress = 'PygentAgent' }

---@param steps pygent.PlanStep[]
---@return string[] lines
local function lines_of(steps)
  local done = #vim.tbl_filter(function(s) return s.status == 'completed' end, steps)
  local lines = { ('Plan: %d of %d done'):format(done, #steps) }
  for _, s in ipairs(steps) do
    lines[#lines + 1] = ('  %s %s'):format(marks[s.status] or marks.pending, text.line(s.step or ''))
  end
  return lines
end

--- Shows a plan, instead of the lines of the mark if that is given and still there.
---@param buf integer
---@param steps pygent.PlanStep[]
---@param mark? integer
---@return integer? mark of the lines; nil: the place of the plan is gone
function M.draw(buf, steps, mark)
  local lines = #steps > 0 and lines_of(steps) or { 'Plan: none' }
  local row = api.nvim_buf_line_count(buf) - 1
  if mark then
    local at = api.nvim_buf_get_extmark_by_id(buf, M.ns, mark, { details = true })
    if not at[1] or not at[3].end_row or at[3].end_row <= at[1] then
      return nil
    end
    row = at[1]
    api.nvim_buf_clear_namespace(buf, M.ns, row, at[3].end_row)
    api.nvim_buf_set_lines(buf, row, at[3].end_row, false, lines)
  else
    api.nvim_buf_set_lines(buf, row, row + 1, false, vim.list_extend(vim.list_slice(lines), { '' }))
  end
  api.nvim_buf_set_extmark(buf, M.ns, row, 0, { end_row = row, end_col = #lines[1], hl_group = 'PygentTool' })
  for i, s in ipairs(steps) do
    local hl = colours[s.status]
    if hl then
      api.nvim_buf_set_extmark(buf, M.ns, row + i, 0, { end_row = row + i, end_col = #lines[i + 1], hl_group = hl })
    end
  end
  return api.nvim_buf_set_extmark(buf, M.ns, row, 0, { end_row = row + #lines, end_right_gravity = false })
end

return M
