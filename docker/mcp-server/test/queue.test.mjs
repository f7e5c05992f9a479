import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FairQueue } from '../src/queue.mjs';

let now = 0;

function open(t) {
  t.mock.method(performance, 'now', () => now);
  return new FairQueue();
}

const job = (caller, name = caller) => ({ caller, name, since: (now += 1), slow: false });

/** Take everything out, each job done before the next is taken; in the order of their names. */
function drain(queue, cost = () => 1) {
  const names = [];
  for (let taken = queue.take(true); taken; taken = queue.take(true)) {
    names.push(taken.name);
    queue.finish(taken, cost(taken), false);
  }
  return names.join(' ');
}

suite('a fair queue', () => {
  test('serves one caller in the order of his jobs', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2', 'a3']) queue.add(job('a', name));
    assert.equal(drain(queue), 'a1 a2 a3');
  });

  test('serves who asks little between the jobs of who asks much', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2', 'a3', 'b1', 'b2']) queue.add(job(name[0], name));
    assert.equal(drain(queue), 'a1 b1 a2 b2 a3');
  });

  test('counts what a job took', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2', 'b1', 'b2', 'b3']) queue.add(job(name[0], name));
    assert.equal(drain(queue, ({ caller }) => (caller === 'a' ? 1000 : 10)), 'a1 b1 b2 b3 a2');
  });

  test('gives a parser to who has none before it gives another one to who has', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2', 'b1']) queue.add(job(name[0], name));
    assert.deepEqual([queue.take(true), queue.take(true)].map(({ name }) => name), ['a1', 'b1']);
  });

  test('gives no credit for the time that a caller was away', (t) => {
    const queue = open(t);
    queue.add(job('a'));
    drain(queue, () => 1000);
    queue.add(job('a'));
    drain(queue); // he had had 1000 then
    for (const name of ['b1', 'b2', 'b3', 'a1']) queue.add(job(name[0], name));
    assert.equal(drain(queue), 'b1 b2 a1 b3');
  });

  test('expects slow ones of who cost a parser, for a while, and while there are others', (t) => {
    const queue = open(t);
    queue.add(job('bomber'));
    queue.finish(queue.take(true), 2000, true);
    const later = job('bomber');
    queue.add(later);
    now += 10_000;
    assert.equal(queue.isSlow(later), false); // nobody else is there

    queue.add(job('other'));

    assert.equal(queue.isSlow(later), true);
    assert.equal(queue.take(false).caller, 'other');
    assert.equal(queue.take(false), null);
    now += 30_000;
    queue.add(job('other'));
    assert.equal(queue.isSlow(later), false);
  });

  test('lets what was put back be the first of its caller', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2']) queue.add(job('a', name));
    const taken = queue.take(true);
    queue.finish(taken, 1, false);
    queue.putBack(taken);
    assert.equal(drain(queue), 'a1 a2');
  });

  test('is made room in by who has most of it', (t) => {
    const queue = open(t);
    for (const name of ['a1', 'a2', 'a3', 'b1']) queue.add(job(name[0], name));
    assert.equal(queue.overflow('c').name, 'a3');
    assert.equal(queue.overflow('b').name, 'a3');
    assert.equal(queue.overflow('a'), null);
  });

  test('remembers a bounded number of callers, and of them those with a penalty', (t) => {
    const queue = open(t);
    queue.add(job('bomber'));
    queue.finish(queue.take(true), 2000, true);
    for (let number = 0; number < 5000; number += 1) {
      queue.add(job(`other-${number}`));
      drain(queue);
    }
    const later = job('bomber');
    queue.add(later);
    assert.equal(queue.length, 1);
    assert.equal(queue.isSlow(later), true);
  });
});
