/** A parameter of a header value or URI: name in lower case, value as sent (a quoted string keeps its quotes). */
export type SipParameter = {readonly name: string; readonly value?: string};

const tokenPattern = /^[\w.!%*+`'~-]+$/;
const parameterPattern =
	/[ \t]*;[ \t]*([\w.!%*+`'~-]+)[ \t]*(?:=[ \t]*("[^"\\]*(?:\\.[^"\\]*)*"|[^\s;,"<>\\=](?:[^\s;,"<>\\])*))?/sy;
const blankPattern = /[ \t]*/y;

/** True for a `token` (RFC 3261 §25.1). */
export function isToken(text: string): boolean {
	return tokenPattern.test(text);
}

/** `text` without leading and trailing SP and HTAB. Other white space stays: it is content. */
export function trimBlanks(text: string): string {
	let start = 0;
	while (isBlank(text.charCodeAt(start))) {
		start++;
	}

	return trimBlanksAtEnd(text.slice(start));
}

/** `text` without trailing SP and HTAB. */
export function trimBlanksAtEnd(text: string): string {
	let end = text.length;
	while (isBlank(text.charCodeAt(end - 1))) {
		end--;
	}

	return text.slice(0, end);
}

/**
 * Splits at commas that are neither in a quoted string nor between angle brackets (RFC 3261 §7.3.1). Empty elements
 * are kept, so that the reader of an element refuses them; an open quote or bracket swallows the rest, and so does the
 * 256th element.
 */
export function splitList(text: string): string[] {
	if (!text.includes(',')) {
		return [trimBlanks(text)];
	}

	const elements: string[] = [];
	let start = 0;
	let quoted = false;
	let bracketed = false;
	for (let index = 0; index < text.length && elements.length < maxElements - 1; index++) {
		const character = text[index];
		if (quoted) {
			if (character === '\\') {
				index++;
			} else if (character === '"') {
				quoted = false;
			}
		} else if (character === '"') {
			quoted = true;
		} else if (character === '<') {
			bracketed = true;
		} else if (character === '>') {
			bracketed = false;
		} else if (character === ',' && !bracketed) {
			elements.push(trimBlanks(text.slice(start, index)));
			start = index + 1;
		}
	}

	elements.push(trimBlanks(text.slice(start)));
	return elements;
}

/**
 * `*(SEMI generic-param)` from `start` to the end of `text`; undefined when that is not what stands there or a name
 * comes twice (RFC 3261 §7.3.1).
 */
export function parseParameters(text: string, start: number): readonly SipParameter[] | undefined {
	const parameters: SipParameter[] = [];
	let position = start;
	for (;;) {
		parameterPattern.lastIndex = position;
		const match = parameterPattern.exec(text);
		if (!match) {
			break;
		}

		position = parameterPattern.lastIndex;
		const name = (match[1] ?? '').toLowerCase();
		if (parameters.some((parameter) => parameter.name === name) || parameters.length === maxParameters) {
			return undefined;
		}

		parameters.push(match[2] === undefined ? {name} : {name, value: match[2]});
	}

	blankPattern.lastIndex = position;
	blankPattern.exec(text);
	return blankPattern.lastIndex === text.length ? parameters : undefined;
}

/** `;name=value…`; empty for no parameters. */
export function writeParameters(parameters: readonly SipParameter[]): string {
	return parameters.map(({name, value}) => (value === undefined ? `;${name}` : `;${name}=${value}`)).join('');
}

/** Value of the parameter `name`, unquoted; the empty string where it has none; undefined where it is not there. */
export function parameterValue(parameters: readonly SipParameter[], name: string): string | undefined {
	const found = parameters.find((parameter) => parameter.name === name);
	return found && unquote(found.value ?? '');
}

/** `parameters` with `name` set to `value`, in its old place or at the end. */
export function withParameter(
	parameters: readonly SipParameter[],
	name: string,
	value?: string,
): readonly SipParameter[] {
	const parameter: SipParameter = value === undefined ? {name} : {name, value};
	const index = parameters.findIndex((candidate) => candidate.name === name);
	return index === -1 ? [...parameters, parameter] : parameters.with(index, parameter);
}

/** Content of a quoted string with its quoted pairs resolved; anything else as it is. */
export function unquote(text: string): string {
	if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) {
		return text;
	}

	return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}

/** `text` as a quoted string (RFC 3261 §25.1). */
export function quote(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they may stand in a quoted pair only.
	return `"${text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f"\\\x7f]/g, '\\$&')}"`;
}

function isBlank(code: number): boolean {
	return code === 0x20 || code === 0x09;
}

const maxParameters = 64;
const maxElements = 256;
