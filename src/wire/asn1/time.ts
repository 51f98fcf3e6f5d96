/**
 * Milliseconds since 1970 of a UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 and RFC 5652 §11.3
 * allow: to the second, `Z` at the end. Undefined for anything else.
 */
export function parseAsn1Time(text: string, kind: 'utc' | 'generalized'): number | undefined {
	const match = (kind === 'utc' ? /^(\d{2})(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/).exec(text);
	const [, year, rest] = match ?? [];
	if (year === undefined || rest === undefined) {
		return undefined;
	}

	const fullYear = kind === 'generalized' ? Number(year) : Number(year) + (Number(year) < 50 ? 2000 : 1900);
	const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = (rest.match(/\d\d/g) ?? []).map(Number);
	const date = new Date(0);
	date.setUTCFullYear(fullYear, month - 1, day);
	date.setUTCHours(hour, minute, second);
	return formatAsn1Time(date.getTime(), kind) === text ? date.getTime() : undefined;
}

/** Text of a time, cut to the second. */
export function formatAsn1Time(timeMs: number, kind: 'utc' | 'generalized'): string {
	const digits = new Date(timeMs).toISOString().slice(0, 19).replace(/\D/g, '');
	return `${kind === 'utc' ? digits.slice(2) : digits}Z`;
}
