--- Reverses unified patches: gives a file's text before a patch was applied.
local M = {}

---@class pygent.Hunk
---@field at integer first line in the file as it is now
---@field before string[]
---@field after string[]

--- The hunks of a patch of one file. It skips headers.
---@param patch string
---@return pygent.Hunk[]
local function hunks(patch)
  local found = {} ---@type pygent.Hunk[]
  local hunk, before, after = nil, 0, 0
  for line in vim.gsplit(patch, '\n', { plain = true }) do
    local old, at, new = line:match('^@@ %-%d+,?(%d*) %+(%d+),?(%d*) @@')
    if hunk and (before > 0 or after > 0) then
      local sign, rest = line:sub(1, 1), line:sub(2)
      if sign == '-' or sign == ' ' or sign == '' then
        hunk.before[#hunk.before + 1], before = rest, before - 1
      end
      if sign == '+' or sign == ' ' or sign == '' then
        hunk.after[#hunk.after + 1], after = rest, after - 1
      end
    elseif at then
      before, after = tonumber(old) or 1, tonumber(new) or 1
      hunk = { at = tonumber(at) + (after == 0 and 1 or 0), before = {}, after = {} }
      found[#found + 1] = hunk
    end
  end
  return found
end

--- The lines of a file before a patch, or nil if the lines do not match the patch.
---@param lines string[] as they are now
---@param patch string of this file only
---@return string[]?
function M.reverse(lines, patch)
  local result, from = {}, 1
  for _, hunk in ipairs(hunks(patch)) do
    vim.list_extend(result, lines, from, hunk.at - 1)
    for i, line in ipairs(hunk.after) do
      if lines[hunk.at + i - 1] ~= line then
        return nil
      end
    end
    vim.list_extend(result, hunk.before)
    from = hunk.at + #hunk.after
  end
  return vim.list_extend(result, lines, from)
end

return M
