import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';
import {printReport} from './report.js';
import {runConformance} from './run-conformance.js';

/** Adds `conformance FOLDER [--json] [--family NAME…]`. Exit code 1 when a case fails or none could be tried. */
export function registerConformanceCommand(program: Command): void {
	program
		.command('conformance')
		.description('try test vectors against this build')
		.argument('<folder>', 'a folder laid out by families (srtp, sdes, pcap, sip, attacks), or one vector file')
		.option('--json', 'print the report as one JSON object')
		.option('--family <names...>', 'try only these families')
		.action(async (folder: string, options: {readonly json?: true; readonly family?: readonly string[]}) => {
			const write = (text: string) => process.stdout.write(text);
			try {
				const report = await runConformance(folder, options.family ? {families: options.family} : {});
				if (options.json) {
					write(`${JSON.stringify(report, undefined, '\t')}\n`);
				} else {
					printReport(report, write);
				}

				process.exitCode = report.ok ? 0 : 1;
			} catch (error) {
				if (!(error instanceof SallyportError)) {
					throw error;
				}

				process.stderr.write(`${error.message}\n`);
				process.exitCode = 1;
			}
		});
}
