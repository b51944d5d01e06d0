--- A window with the keys of the chat and the commands.
local api = vim.api

local M = {}

---@param buf integer
---@return string[]
local function keys(buf)
  local found, lines = {}, {}
  for _, mode in ipairs({ 'n', 'i' }) do
    for _, map in ipairs(api.nvim_buf_get_keymap(buf, mode)) do
      local what = (map.desc or ''):match('^Pygent: (.+)')
      if what then
        found[map.lhs] = what
      end
    end
  end
  for lhs, what in vim.spairs(found) do
    lines[#lines + 1] = ('  %-8s %s'):format(lhs, what)
  end
  return lines
end

--- Shows the window; q closes it.
---@param parts { title: string, buf: integer }[] buffers whose keys are listed
function M.open(parts)
  local lines = {}
  for _, part in ipairs(parts) do
    vim.list_extend(lines, { part.title })
    vim.list_extend(lines, keys(part.buf))
    lines[#lines + 1] = ''
  end
  lines[#lines + 1] = 'Commands'
  for name, sub in vim.spairs(require('pygent.command').subcommands) do
    lines[#lines + 1] = ('  :Pygent %-9s %s'):format(name, sub.desc)
  end
  vim.list_extend(lines, { '', ':help pygent has the rest. q closes this.' })
  local buf = api.nvim_create_buf(false, true)
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable, vim.bo[buf].bufhidden = false, 'wipe'
  for i, line in ipairs(lines) do
    if not line:find('^ ') and line ~= '' then
      vim.hl.range(buf, api.nvim_create_namespace('pygent.help'), 'Title', { i - 1, 0 }, { i - 1, #line })
    end
  end
  local width = math.min(vim.o.columns - 4, 72)
  local height = math.max(1, math.min(#lines, vim.o.lines - 6))
  local win = api.nvim_open_win(buf, true, {
    relative = 'editor',
    row = math.floor((vim.o.lines - height) / 2) - 1,
    col = math.floor((vim.o.columns - width) / 2) - 1,
    width = width,
    height = height,
    style = 'minimal',
    border = 'rounded',
    title = ' Pygent ',
  })
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, function() pcall(api.nvim_win_close, win, true) end, { buffer = buf, nowait = true })
  end
end

return M
