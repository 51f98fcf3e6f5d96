import {resolve} from 'node:path';
import process from 'node:process';
import type {Command} from 'commander';
import type {DemoStep} from './demo-report.js';
import {runDemo} from './run-demo.js';

/** `sallyport demo`: a sealed call, the attacks on it, and their refusal, on this machine alone. */
export function registerDemoCommand(program: Command): void {
	program
		.command('demo')
		.description('carry a sealed call, attack it, and show what the toolbox does about it')
		.option('--wav <file>', 'what Bob says: WAV, PCM or G.711; its first five seconds')
		.option('--output <folder>', 'where recordings and captures go', 'demo-output')
		.option('--json', 'print one JSON object')
		.action(async ({wav, output, json = false}: {wav?: string; output: string; json?: boolean}) => {
			const report = await runDemo({
				...(wav === undefined ? {} : {wav: resolve(wav)}),
				output: resolve(output),
				onStep: json ? () => {} : printStep,
				signal: endOfInterest(),
			});
			const failed = report.steps.filter(({ok}) => !ok).length;
			process.stdout.write(
				json
					? `${JSON.stringify(report, undefined, '\t')}\n`
					: `\n${report.steps.length - failed} of ${report.steps.length} as expected. Recordings and captures are in ${output}.\n`,
			);
			process.exitCode = report.ok ? 0 : 1;
		});
}

/** Aborted when somebody says stop, or reads no further: what the demonstration started is ended then, too. */
function endOfInterest(): AbortSignal {
	const controller = new AbortController();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(signal, () => controller.abort());
	}

	process.stdout.on('error', () => controller.abort());
	return controller.signal;
}

function printStep({name, expected, observed, ok, ...figures}: DemoStep): void {
	const rows = Object.entries(figures).map(([figure, value]) => `  ${figure}: ${JSON.stringify(value)}`);
	process.stdout.write(
		[
			`${ok ? 'as expected' : 'NOT AS EXPECTED'}: ${name}`,
			`  expected: ${expected}`,
			`  observed: ${observed}`,
			...rows,
			'',
		].join('\n'),
	);
}
