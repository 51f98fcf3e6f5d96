import type {Template, TemplateStep} from '../../trusted/toolbox/engine/template.js';

/** A template in plain words: what it is for, what each step does and with what, and what comes out. */
export function explainTemplate(template: Template): string {
	const {name, version, steps, release} = template;
	const released = Object.entries(release).map(([port, source]) => `${port} (${source})`);
	return [
		`${name}, version ${version}`,
		`For ${subjectOf(template)}; ${protectionWords[template.protection]}.`,
		'',
		...steps.flatMap((step, index) => explainStep(step, index + 1)),
		'',
		released.length > 0
			? `It then releases ${released.join(', ')}, and before that nothing.`
			: 'It then lets the message pass as it is.',
		'A step that refuses ends the run: there is a release or a denial, never both and never a part.',
		'',
	].join('\n');
}

/** The same as plain data. */
export function describeTemplate({steps, releaseLine: _releaseLine, ...template}: Template): object {
	return {
		...template,
		steps: steps.map(({step, tool, in: sources, with: parameters}) => ({
			step,
			tool: `${tool.name}@${tool.version}`,
			service: tool.service,
			purpose: tool.purpose,
			in: sources,
			with: parameters,
		})),
	};
}

function subjectOf({about, direction, accepts}: Template): string {
	if (about === 'octets') {
		return direction === 'inbound' ? 'packets that come in' : 'octets that leave as a packet';
	}

	const way = direction === 'inbound' ? 'come in' : 'leave';
	return `SIP messages that ${way} ${accepts.length > 0 ? `with a body of ${accepts.join(' or ')}` : 'without a body'}`;
}

function explainStep({step, tool, in: sources, with: parameters}: TemplateStep, number: number): readonly string[] {
	const inputs = Object.entries(sources).map(([input, source]) =>
		input === source ? source : `${input} of ${source}`,
	);
	const settings = Object.entries(parameters as object).filter(
		([, value]) => !Array.isArray(value) || value.length > 0,
	);
	const details = [
		...(inputs.length > 0 ? [`takes ${inputs.join(', ')}`] : []),
		...settings.map(([setting, value]) => `${setting} ${Array.isArray(value) ? value.join(', ') : value}`),
	];
	return [
		`${`${number}.`.padStart(3)} ${step}: ${tool.purpose}`,
		`    [${tool.service}; ${tool.name}@${tool.version}${details.length > 0 ? `; ${details.join('; ')}` : ''}]`,
	];
}

const protectionWords: Readonly<Record<Template['protection'], string>> = {
	sealed: 'the session description is signed and encrypted',
	signed: 'the message is at least signed, and describes no session',
	sdes: 'keys stand in the open',
	clear: 'there are no keys',
	none: 'nothing in it is protected',
	registration: 'whoever registers has authenticated',
	packet: 'encrypted, numbered, with a tag over all',
};
