import type {StepTrace} from './engine.js';
import type {Template} from './template.js';

/**
 * What the audit record of a run says of its steps: `template@version`, and each step with its outcome and microseconds, as
 * `open 812, verify 433, fresh 20 refused`. Fields of the log are bounded, so a long run has several: `steps`, `steps2`, …
 */
export function stepFields({name, version}: Template, steps: readonly StepTrace[]): Readonly<Record<string, string>> {
	const lines: string[] = [''];
	for (const {step, ok, microseconds} of steps) {
		const text = `${step} ${microseconds}${ok ? '' : ' refused'}`;
		const line = lines.at(-1) ?? '';
		if (line.length + text.length > maxFieldCharacters) {
			lines.push(text);
		} else {
			lines[lines.length - 1] = line === '' ? text : `${line}, ${text}`;
		}
	}

	return {
		template: `${name}@${version}`,
		...Object.fromEntries(lines.map((line, index) => [index === 0 ? 'steps' : `steps${index + 1}`, line])),
	};
}

const maxFieldCharacters = 450;
