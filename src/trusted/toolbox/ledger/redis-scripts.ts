/**
 * What a store is asked to do, each in one step of its own. Keys: check of the secret, highest time, records, counts. A store
 * that does not have the check has forgotten, and takes part in nothing.
 */

/** Arguments: check, number of records. Returns time, then tag and value of each record, then the counts, each as a list. */
export const readScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FORGOTTEN') end
local out = {redis.call('GET', KEYS[2]) or '0'}
local records = tonumber(ARGV[2])
for i = 1, records do
	local found = redis.call('HMGET', KEYS[2 + i], 't', 'v')
	out[#out + 1] = found[1] or ''
	out[#out + 1] = found[2] or ''
end
for i = 3 + records, #KEYS do
	out[#out + 1] = redis.call('HGETALL', KEYS[i])
end
return out`;

/**
 * Arguments: check, time, number of records; for each its tag as it was read, its new tag, value (empty: none) and life in
 * milliseconds; for each count its bucket, what is added (0: the bucket goes) and its life. Returns 1 when all tags were as they were read and all
 * is written, 0 when nothing is.
 */
export const writeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FORGOTTEN') end
local records = tonumber(ARGV[3])
for i = 1, records do
	if (redis.call('HGET', KEYS[2 + i], 't') or '') ~= ARGV[4 * i] then return 0 end
end
if tonumber(ARGV[2]) > tonumber(redis.call('GET', KEYS[2]) or '0') then redis.call('SET', KEYS[2], ARGV[2]) end
for i = 1, records do
	if ARGV[4 * i + 2] == '' then
		redis.call('DEL', KEYS[2 + i])
	else
		redis.call('HSET', KEYS[2 + i], 't', ARGV[4 * i + 1], 'v', ARGV[4 * i + 2])
		redis.call('PEXPIRE', KEYS[2 + i], ARGV[4 * i + 3])
	end
end
local at = 4 + 4 * records
for i = 3 + records, #KEYS do
	if tonumber(ARGV[at + 1]) == 0 then
		redis.call('HDEL', KEYS[i], ARGV[at])
	else
		redis.call('HINCRBY', KEYS[i], ARGV[at], ARGV[at + 1])
		if tonumber(ARGV[at + 2]) > redis.call('PTTL', KEYS[i]) then redis.call('PEXPIRE', KEYS[i], ARGV[at + 2]) end
	end
	at = at + 3
end
return 1`;
