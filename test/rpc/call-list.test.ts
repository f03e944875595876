import { expect, it } from "vitest";
import { CallList, type Listed } from "../../src/rpc/call-list.js";

class Item implements Listed {
  previous: Listed | undefined;
  next: Listed | undefined;
  list: object | undefined;
}

it("a call list takes in and gives back in any order, and what is gone links to nothing", () => {
  const list = new CallList<Item>();
  const items = Array.from({ length: 5 }, () => new Item());
  for (const item of items) list.add(item);
  expect(() => list.add(items[0] as Item)).toThrow("the call is in a list already");
  for (const index of [2, 0, 4, 2]) list.delete(items[index] as Item);
  expect(list.size).toBe(2);
  expect(list.snapshot()).toEqual([items[3], items[1]]);
  expect(items[2]).toEqual(new Item());
  for (const item of list.snapshot()) list.delete(item);
  expect([list.size, list.snapshot()]).toEqual([0, []]);
  new CallList<Item>().delete(items[0] as Item);
  list.add(items[0] as Item);
  expect(list.size).toBe(1);
});
