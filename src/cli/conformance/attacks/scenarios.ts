import type {z} from 'zod';
import {SallyportError} from '../../../base/error.js';
import {parseSipMessage} from '../../../wire/sip/parse-message.js';
import {type CaseOutcome, failed, type VectorDocument, type VectorFormat, type Verdict} from '../format.js';
import {aorOf} from './dialogs.js';
import {HarnessKeys} from './harness-keys.js';
import {harnessCallers} from './own-call.js';
import {runScenario} from './run-scenario.js';
import {
	isMessage,
	readScenarioFile,
	type Scenario,
	type ScenarioFile,
	scenario,
	scenarioFile,
} from './scenario-file.js';
import type {ScenarioSetting} from './scenario-world.js';

/** Attacks and look-alikes as steps in time, each against `sallyport serve` in processes of its own. */
export const scenarioFormat: VectorFormat = {
	family: 'attacks',
	schema: 'attack-scenario/1',
	async *check(document) {
		const prepared = await prepare(document);
		if (!prepared.ok) {
			yield {id: '*', ...failed(prepared.difference)};
			return;
		}

		const {setting} = prepared;
		const outcomes: Promise<CaseOutcome>[] = [];
		try {
			const waiting = setting.file.scenarios.entries();
			const settle: ((outcome: CaseOutcome) => void)[] = [];
			for (const _ of setting.file.scenarios) {
				outcomes.push(new Promise((resolve) => settle.push(resolve)));
			}

			const work = Array.from({length: atOnce}, async () => {
				for (const [index, value] of waiting) {
					settle[index]?.(await tryScenario(setting, value, index));
				}
			});
			for (const outcome of outcomes) {
				yield await outcome;
			}

			await Promise.all(work);
		} finally {
			await setting.keys.close();
		}
	},
};

async function tryScenario(setting: ScenarioSetting, value: unknown, index: number): Promise<CaseOutcome> {
	const read = scenario.safeParse(value);
	if (!read.success) {
		const id = idOf(value) ?? `#${index}`;
		return {
			id,
			...failed(`Expected a scenario of its format, got ${faultOf(read.error)}.`),
		};
	}

	return {id: read.data.id, ...(await tried(setting, read.data))};
}

async function tried(setting: ScenarioSetting, what: Scenario): Promise<Verdict> {
	try {
		return await runScenario(setting, what);
	} catch (error) {
		return failed(error instanceof SallyportError ? error.message : `Expected a verdict, got an exception: ${error}`);
	}
}

type Prepared =
	| {readonly ok: true; readonly setting: ScenarioSetting}
	| {readonly ok: false; readonly difference: string};

async function prepare({content, folder}: VectorDocument): Promise<Prepared> {
	const read = scenarioFile.safeParse(content);
	if (!read.success) {
		return {ok: false, difference: `Expected a file of scenarios, got ${faultOf(read.error)}.`};
	}

	try {
		return {ok: true, setting: await settingOf(read.data, folder)};
	} catch (error) {
		if (error instanceof SallyportError) {
			return {ok: false, difference: error.message};
		}

		throw error;
	}
}

async function settingOf(file: ScenarioFile, folder: string): Promise<ScenarioSetting> {
	const read = async (name: string) => (await readScenarioFile(folder, name)).toString('latin1');
	const gateway = await Promise.all(
		file.gatewayKeys.map(async (name) => ({
			privateKey: await read(name),
			// The certificate lies beside its key.
			certificate: await read(name.replace(/\.key$/, '.pem')),
		})),
	);
	const trustAnchor = await read(file.trustAnchor);
	const scenarios = file.scenarios.flatMap((value) => scenario.safeParse(value).data ?? []);
	const {called, callers} = await partiesOf(folder, scenarios);
	const clocks = scenarios.map(({clock}) => Date.parse(clock));
	const keys = await HarnessKeys.open([...called, ...harnessCallers], gateway, {
		fromMs: Math.min(...clocks, Date.now()),
		toMs: Math.max(...clocks, Date.now()),
	});
	return {file, folder, trustAnchor, gateway, keys, called, callers};
}

function faultOf(error: z.ZodError): string {
	const [issue] = error.issues;
	return `a fault in ${issue?.path.join('.')}: ${issue?.message}`;
}

/** Everybody in a To and in a From of the messages. */
async function partiesOf(
	folder: string,
	scenarios: readonly Scenario[],
): Promise<{readonly called: readonly string[]; readonly callers: readonly string[]}> {
	const names = new Set(scenarios.flatMap(({steps}) => steps.filter(isMessage).map(({send}) => send)));
	const [called, callers] = [new Set<string>(), new Set<string>()];
	for (const name of names) {
		const parsed = parseSipMessage(await readScenarioFile(folder, name).catch(() => new Uint8Array()));
		if (parsed.ok) {
			called.add(aorOf(parsed.value, 'To'));
			callers.add(aorOf(parsed.value, 'From'));
		}
	}

	const named = (parties: ReadonlySet<string>) => [...parties].filter((aor) => aor !== '');
	return {called: named(called), callers: named(callers)};
}

function idOf(value: unknown): string | undefined {
	const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
	return typeof id === 'string' ? id : undefined;
}

/** Scenarios at a time: each has a gateway that starts, works a moment, and ends. */
const atOnce = 2;
