import test from 'ava';

type SideBySide = <Item, Outcome>(
	items: readonly Item[],
	places: number,
	run: (item: Item) => Promise<Outcome>,
) => Promise<Outcome[]>;
const {sideBySide} = (await import(new URL('../../../native/fuzz/side-by-side.mjs', import.meta.url).href)) as {
	sideBySide: SideBySide;
};

test('a failure counts, whatever passes beside it and after it', async (t) => {
	const ends = new Map<string, (hasPassed: boolean) => void>();
	const outcomes = sideBySide(
		['long', 'fails', 'next'],
		2,
		(name) => new Promise<boolean>((resolve) => ends.set(name, resolve)),
	);
	t.deepEqual([...ends.keys()], ['long', 'fails']);
	ends.get('fails')?.(false);
	await new Promise((resolve) => setImmediate(resolve));
	t.deepEqual([...ends.keys()], ['long', 'fails', 'next']);
	ends.get('next')?.(true);
	ends.get('long')?.(true);
	t.deepEqual(await outcomes, [true, false, true]);
});

test('more places than items, and no item at all', async (t) => {
	t.deepEqual(await sideBySide([1, 2], 5, async (item) => 2 * item), [2, 4]);
	t.deepEqual(await sideBySide([], 2, async () => true), []);
});
