/// The words of binding messages: short, common, and easy to tell apart when they are read aloud.
enum BindingWords {
    /// 256 of them, sorted.
    static let all = """
        acorn actor album alley amber anchor apple apron arch arrow atlas autumn badge bagel baker bamboo banjo barn \
        basil basket beach beacon beaver bell bench berry bishop blanket blazer bonnet border bottle boulder branch \
        brick bridge bronze brush bubble bucket butter button cabin cactus camel camera candle canoe canvas carbon \
        carpet carrot castle cedar cello chalk cherry chess circle cliff clock clover cobra coffee comet copper \
        coral cotton cradle crayon cricket crown crystal curtain cushion dairy daisy dancer delta desert diamond \
        dolphin donkey dragon drum eagle easel echo elbow ember engine falcon feather fender fern fiddle finch flag \
        flame flute forest fossil fountain fox frost galaxy garden garlic ginger glacier globe goblet gold goose \
        grape gravel guitar hammer harbor harp hazel hedge helmet heron hill honey hornet igloo indigo iron island \
        ivory jacket jaguar jasmine jelly jigsaw jungle kayak kennel kettle kitten koala ladder lagoon lantern \
        laurel lemon lentil lilac lion lizard lobster locket lotus magnet mango maple marble meadow melon mirror \
        mitten monkey mosaic moss muffin napkin nectar needle nickel noodle nutmeg oasis ocean olive onion opal \
        orange orbit orchid otter oven oyster paddle palace panda paper parrot peach pebble pelican pencil pepper \
        piano pigeon pillow planet plum pocket pony poplar potato prism puffin pumpkin purple quartz quilt rabbit \
        radish raven ribbon river robin rocket ruby saddle saffron salmon sandal saturn shovel silver sparrow spider \
        spoon squid statue summit sunset swan table tango teapot thunder tiger timber tractor trumpet tulip tunnel \
        turnip turtle valley vanilla velvet violin walnut walrus whistle willow window winter yellow zebra
        """.split(separator: " ").map(String.init)
}
